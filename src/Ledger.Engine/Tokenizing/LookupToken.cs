using Ledger.Domain.Editing;

namespace Ledger.Engine.Tokenizing;

/// <summary>
/// Where the subject ends: the index of its last token in the rendered prompt, from the tokens of what stands before it and of the
/// subject itself. Exact while words are cut at spaces, as byte-level BPE does: the space before the subject belongs to its first token.
/// </summary>
public static class LookupToken
{
    /// <param name="tokenizer">The model's.</param>
    /// <param name="template">A context template with <c>{}</c> for the prompt; <c>{}</c> alone for the plain prompt.</param>
    /// <param name="prompt">With <c>{}</c> for the subject.</param>
    /// <param name="subject">Trimmed here, as it is when the prompt is rendered.</param>
    /// <exception cref="LookupException">Text before the subject does not end in a space, there is no one <c>{}</c>, or the subject is empty.</exception>
    public static int Index(ITextTokenizer tokenizer, string template, string prompt, string subject) => IndexAsGiven(tokenizer, template, prompt, subject.Trim());

    /// <summary>The same with the subject as it is given: the published code trims it only where text stands before it.</summary>
    internal static int IndexAsGiven(ITextTokenizer tokenizer, string template, string prompt, string subject)
    {
        var text = template.Replace(EditRequest.Placeholder, prompt, StringComparison.Ordinal);
        var parts = text.Split(EditRequest.Placeholder);
        if (parts.Length != 2) throw new LookupException(text, $"\"{text}\" has {parts.Length - 1} {{}}, expected one.", "write {} where the subject goes, once");
        if (subject.Trim().Length == 0) throw new LookupException(text, "The subject is empty.", "name whose fact it is");

        var prefix = parts[0];
        if (prefix.Length > 0 && !prefix.EndsWith(' ')) throw new LookupException(text, $"In \"{text}\" no space stands before {{}}.", "put {} at the beginning of the prompt or after a space");
        var before = prefix.Length == 0 ? 0 : Count(tokenizer, prefix[..^1]);
        var own = Count(tokenizer, prefix.Length == 0 ? subject : " " + subject.Trim());
        return before + own - 1 + (tokenizer.AddsBos ? 1 : 0);
    }

    private static int Count(ITextTokenizer tokenizer, string text) => tokenizer.Encode(text).Count - (tokenizer.AddsBos ? 1 : 0);
}
