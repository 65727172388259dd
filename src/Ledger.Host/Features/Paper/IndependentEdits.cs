using System.Collections.Immutable;
using System.Globalization;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Host.Features.Evaluating;
using Ledger.Host.Sessions;
using Ledger.Projections.Evaluation;

namespace Ledger.Host.Features.Paper;

/// <summary>
/// Records, each edited alone on the base under all three variants: the paper's Tables 1 and 4, Figures 2 and 5. Such an edit belongs to no history, and what became of it is a property of the base: so it is recorded as
/// an evaluation of the base, an item a record, with everything that resuming takes from there. Its vectors are not kept; the same record gives them again.
/// </summary>
internal static class IndependentEdits
{
    public const string Suite = "independent-edits";

    /// <summary>Before the names of what the base itself gives.</summary>
    public const string Base = "base";

    public const string AbsDelta = "abs-delta", KuU = "ku-u", KvU = "kv-u";

    /// <summary>The question. Which of its items are asked is up to who asks: a file's first hundred today are its first thousand tomorrow.</summary>
    public static EvaluationQuestion Question(PaperData data, long seed) => new(
        Suite, data.Records.Digest, data.Records.Facts.Length,
        string.Create(CultureInfo.InvariantCulture, $"each alone, rome, r-rome, p-rome; n(x) of both targets; top-k {Evaluator.TopK}, {Evaluator.TextTokens} tokens with the prompt{(data.Text is { } text ? $"; perplexity of {text.Digest}" : "")}"), seed);

    /// <param name="h">Of the search for v_e.</param>
    /// <param name="trials">On the model that the evaluator runs with, which runs with the base.</param>
    public static Evaluation Of(PaperData data, long seed, Hyperparameters h, EditTrials trials) => new(
        Question(data, seed), data.Records.Name, Batch: 1,
        (evaluator, first, count, token) => [.. data.Records.Facts.Slice(first, count).Select((fact, i) => new EvaluatedItem(fact.Name, [.. One(data, fact, first + i, seed, h, trials, evaluator, token)]))]);

    private static IEnumerable<Measurement> One(PaperData data, Fact fact, int place, long seed, Hyperparameters h, EditTrials trials, Evaluator evaluator, CancellationToken token)
    {
        var x = Compute(data, fact, h, trials, token);
        foreach (var m in Scores(fact, evaluator, token)) yield return Named(Base, m);
        foreach (var variant in VariantNames.All)
        {
            var factors = Factors.Of(variant, x);
            yield return new Measurement($"{variant.Name()} {AbsDelta}", factors.AbsDelta, 1);
            yield return new Measurement($"{variant.Name()} {KuU}", factors.KuU, 1);
            yield return new Measurement($"{variant.Name()} {KvU}", factors.KvU, 1);
            // What is not finite makes no weights to run with.
            if (!factors.Delta.IsFinite()) continue;
            foreach (var m in trials.With(factors.Delta, () => Measured(data, fact, place, seed, evaluator, token), token)) yield return Named(variant.Name(), m);
        }
    }

    /// <summary>One search for v_e serves all three variants.</summary>
    private static EditComputation Compute(PaperData data, Fact fact, Hyperparameters h, EditTrials trials, CancellationToken token)
    {
        try
        {
            return trials.Compute(fact.Request, h, token);
        }
        catch (LedgerException unfit) when (unfit.Kind == FailureKind.BadInput)
        {
            // Only the model can tell that a text is too long for it.
            throw new EvaluationDataException(data.RecordsPath, int.Parse(fact.Name, CultureInfo.InvariantCulture), null, unfit.Message, $"{unfit.Remedy}, or take the record out; what was measured before stays");
        }
    }

    private static List<Measurement> Measured(PaperData data, Fact fact, int place, long seed, Evaluator evaluator, CancellationToken token)
    {
        var found = new List<Measurement>(Scores(fact, evaluator, token));
        found.AddRange(evaluator.Generations([fact], place, seed, token)[0].Measurements);
        if (data.Text is { } text) found.AddRange(EvaluationTotals.Of(EvaluationTotals.Perplexity, evaluator.Perplexity(text.Texts, 0, token)));
        return found;
    }

    private static ImmutableArray<Measurement> Scores(Fact fact, Evaluator evaluator, CancellationToken token) => evaluator.Facts([fact], token)[0].Measurements;

    private static Measurement Named(string of, Measurement m) => m with { Name = $"{of} {m.Name}" };
}
