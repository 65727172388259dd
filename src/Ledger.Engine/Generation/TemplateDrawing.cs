using System.Collections.Immutable;
using Ledger.Domain.Editing;
using Ledger.Engine.Models;
using Ledger.Engine.Tokenizing;

namespace Ledger.Engine.Generation;

/// <summary>Context templates as published (docs/editing.md §2): 10 texts of 5 tokens and 10 of 10, the first token included, sampled from the unedited model.</summary>
internal static class TemplateDrawing
{
    private const int Rows = 10, TopK = 5;
    private static readonly int[] Lengths = [5, 10];

    /// <exception cref="NoStartTokenException">The tokenizer names neither a beginning- nor an end-of-text token.</exception>
    public static ContextTemplates Draw(Decoder model, ITextTokenizer tokenizer, long seed)
    {
        var start = tokenizer.BosTokenId ?? tokenizer.EosTokenId ?? throw new NoStartTokenException();
        ContextExceededException.Require(Lengths.Max(), model.Config.Positions, "a context template", "give templates with --templates FILE");
        var sampler = new SeededSampler(seed);
        var generator = new TokenGenerator(model);
        var samples = new List<ImmutableArray<int>>();
        foreach (var length in Lengths)
        {
            var rows = Enumerable.Repeat((IReadOnlyList<int>)[start], Rows).ToArray();
            samples.AddRange(generator.Continue(rows, length - 1, (_, logits) => sampler.Sample(logits, TopK), CancellationToken.None).Select(made => (ImmutableArray<int>)[start, .. made]));
        }
        return new ContextTemplates([EditRequest.Placeholder, .. samples.Select(ids => Text(tokenizer, ids))], [.. samples], seed);
    }

    /// <summary>
    /// The sample as a sentence with the prompt after it; braces would be taken for the prompt's place. Without its first token, whatever the
    /// tokenizer's files call that: a tokenizer that begins every text with one puts its own before the sentence.
    /// </summary>
    private static string Text(ITextTokenizer tokenizer, ImmutableArray<int> ids) =>
        tokenizer.Decode(ids.Skip(1)).Replace('{', ' ').Replace('}', ' ') + ". " + EditRequest.Placeholder;
}
