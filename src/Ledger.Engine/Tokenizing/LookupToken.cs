using Ledger.Domain.Editing;

namespace Ledger.Engine.Tokenizing;

/// <summary>
/// Where the subject ends: the index of its last token in the rendered prompt, counted from the tokens of what stands before it and of the
/// subject itself. What stands beside it can be joined to it, so the token there is held against the text.
/// </summary>
public static class LookupToken
{
    /// <param name="tokenizer">The model's.</param>
    /// <param name="template">A context template with <c>{}</c> for the prompt; <c>{}</c> alone for the plain prompt.</param>
    /// <param name="prompt">With <c>{}</c> for the subject.</param>
    /// <param name="subject">Trimmed here, as it is when the prompt is rendered.</param>
    /// <exception cref="LookupException">Text before the subject does not end in a space, there is no one <c>{}</c>, the subject is empty, or the token there is not the one that ends it.</exception>
    public static int Index(ITextTokenizer tokenizer, string template, string prompt, string subject)
    {
        subject = subject.Trim();
        var (text, before, own) = Parts(tokenizer, template, prompt, subject);
        var index = before.Count + own.Length - 1;
        var ids = tokenizer.Encode(text.Replace(EditRequest.Placeholder, subject, StringComparison.Ordinal));
        // Letters behind the subject may change how it is cut, and its last token may go on into them: what counts is where it ends. Written and read again, since a tokenizer may compose characters.
        var end = tokenizer.Decode(tokenizer.Encode(text[..text.IndexOf(EditRequest.Placeholder, StringComparison.Ordinal)] + subject));
        if (!Reaches(index + 1) || Reaches(index))
            throw new LookupException(text, $"In \"{text}\" the tokenizer joins \"{subject}\" to what stands beside it: its last token cannot be counted.", "put {} after a word and one single space, and a space or a punctuation mark behind it");
        return index;

        bool Reaches(int tokens) => tokens <= ids.Count && tokenizer.Decode(ids.Take(tokens)).StartsWith(end, StringComparison.Ordinal);
    }

    /// <summary>The index alone, with the subject as it is given: the published code trims it only where text stands before it.</summary>
    internal static int IndexAsGiven(ITextTokenizer tokenizer, string template, string prompt, string subject)
    {
        var (_, before, own) = Parts(tokenizer, template, prompt, subject);
        return before.Count + own.Length - 1;
    }

    /// <returns>The template around the prompt; the ids before the subject, with the token that the tokenizer puts before every text; the subject's, without it.</returns>
    private static (string Text, IReadOnlyList<int> Before, int[] Own) Parts(ITextTokenizer tokenizer, string template, string prompt, string subject)
    {
        var text = template.Replace(EditRequest.Placeholder, prompt, StringComparison.Ordinal);
        var parts = text.Split(EditRequest.Placeholder);
        if (parts.Length != 2) throw new LookupException(text, $"\"{text}\" has {parts.Length - 1} {{}}, expected one.", "write {} where the subject goes, once");
        if (subject.Trim().Length == 0) throw new LookupException(text, "The subject is empty.", "name whose fact it is");

        var prefix = parts[0];
        if (prefix.Length > 0 && !prefix.EndsWith(' ')) throw new LookupException(text, $"In \"{text}\" no space stands before {{}}.", "put {} at the beginning of the prompt or after a space");
        var own = tokenizer.Encode(prefix.Length == 0 ? subject : " " + subject.Trim());
        return (text, tokenizer.Encode(prefix.Length == 0 ? "" : prefix[..^1]), [.. own.Skip(tokenizer.AddsBos ? 1 : 0)]);
    }
}
