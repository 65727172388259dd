using Ledger.Domain.Editing;
using Ledger.Engine.Tokenizing;

namespace Ledger.Engine.Editing;

/// <summary>The batch of one edit as token ids; docs/editing.md §2.</summary>
/// <param name="Rows">Every template(prompt) followed by the target's ids but the last; then, as the last row, "{} is a" for the KL term.</param>
/// <param name="Lookups">In each row, the index of the subject's last token.</param>
/// <param name="Target">The target's ids; the last of a row's tokens are asked for them.</param>
/// <param name="Plain">Which row is the prompt alone.</param>
public sealed record EditRows(IReadOnlyList<IReadOnlyList<int>> Rows, IReadOnlyList<int> Lookups, IReadOnlyList<int> Target, int Plain)
{
    private const string KlPrompt = EditRequest.Placeholder + " is a";

    /// <summary>How many rows the target is asked in: all but the KL row, which is the last.</summary>
    public int Contexts => Rows.Count - 1;

    /// <exception cref="LookupException">The subject cannot be located.</exception>
    /// <exception cref="ContextExceededException">A row is longer than the model's context.</exception>
    public static EditRows Of(ITextTokenizer tokenizer, EditRequest request, ContextTemplates templates, int positions)
    {
        var plain = templates.Texts.IndexOf(EditRequest.Placeholder);
        if (plain < 0) throw new ArgumentException($"The context templates do not hold {EditRequest.Placeholder} itself, the prompt alone.", nameof(templates));
        var target = TargetRows.Target(tokenizer, request.Target);

        List<IReadOnlyList<int>> rows = [];
        List<int> lookups = [];
        foreach (var template in templates.Texts) Add(template, request.Prompt, target);
        Add(EditRequest.Placeholder, KlPrompt, []);
        return new EditRows(rows, lookups, target, plain);

        void Add(string template, string prompt, IReadOnlyList<int> then)
        {
            var lookup = LookupToken.Index(tokenizer, template, prompt, request.Subject);
            var text = (request with { Prompt = template.Replace(EditRequest.Placeholder, prompt, StringComparison.Ordinal) }).Text;
            var ids = tokenizer.Encode(text);
            var row = TargetRows.Row(ids, then);
            ContextExceededException.Require(row.Count, positions, text);
            if (lookup < 0 || lookup >= ids.Count)
                throw new LookupException(text, $"The subject's last token was looked for at {lookup}, but \"{text}\" has {ids.Count} tokens.", "put a space before {}");
            rows.Add(row);
            lookups.Add(lookup);
        }
    }
}
