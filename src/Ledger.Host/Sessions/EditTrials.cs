using System.Globalization;
using Ledger.Domain.Editing;
using Ledger.Domain.Ports;
using Ledger.Host.Features.Evaluating;
using Ledger.Projections.Evaluation;
using Ledger.Projections.Replay;

namespace Ledger.Host.Sessions;

/// <summary>ES, PS and NS × 100 (docs/editing.md §6), the means over records. NaN where there was nothing to score.</summary>
/// <param name="Efficacy">ES.</param>
/// <param name="Generalisation">PS.</param>
/// <param name="Locality">NS.</param>
public readonly record struct EditScores(double Efficacy, double Generalisation, double Locality)
{
    /// <summary>S, their harmonic mean.</summary>
    public double Total => 3 / (1 / Efficacy + 1 / Generalisation + 1 / Locality);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"ES {Efficacy,5:0.0}  PS {Generalisation,5:0.0}  NS {Locality,5:0.0}  S {Total,5:0.0}");
}

/// <summary>Edits tried on the base one at a time; no ledger is involved and nothing is kept.</summary>
public sealed class EditTrials(IModelEditor editor, ContextTemplates templates, IKeyMoment c)
{
    public EditComputation Compute(EditRequest request, Hyperparameters h, CancellationToken token) => editor.Compute(request, templates, h, c, null, token);

    /// <summary>Each request edited alone under each variant.</summary>
    /// <param name="requests">With a true target, which the scores compare with.</param>
    public Dictionary<Variant, EditScores> Score(IEnumerable<EditRequest> requests, Hyperparameters h, IReadOnlyCollection<Variant> variants, CancellationToken token)
    {
        var found = variants.ToDictionary(v => v, _ => new List<EditScores>());
        foreach (var request in requests)
        {
            var x = Compute(request, h, token);
            foreach (var variant in variants) found[variant].Add(Score(request, Factors.Of(variant, x).Delta, token));
        }
        return found.ToDictionary(p => p.Key, p => new EditScores(Mean(p.Value.Select(s => s.Efficacy)), Mean(p.Value.Select(s => s.Generalisation)), Mean(p.Value.Select(s => s.Locality))));
    }

    /// <summary>Runs with an edit of the base, and puts the base back.</summary>
    public T With<T>(RankOneDelta delta, Func<T> run, CancellationToken token)
    {
        var w = editor.BaseMatrix.ToArray();
        Fold.Apply(w, editor.Matrix.Dv, editor.Matrix.Dk, [delta], token);
        editor.Install(w);
        try
        {
            return run();
        }
        finally
        {
            editor.Install(editor.BaseMatrix.Span);
        }
    }

    private EditScores Score(EditRequest request, RankOneDelta delta, CancellationToken token) => With(delta, () =>
    {
        var scores = EvaluationTotals.ScoresOf(new Evaluator(editor).Facts([new Fact("", request, [])], token)[0]);
        return new EditScores(scores.ES, scores.PS, scores.NS);
    }, token);

    /// <summary>Over the records that have a score.</summary>
    private static double Mean(IEnumerable<double> scores) => scores.Where(s => !double.IsNaN(s)).DefaultIfEmpty(double.NaN).Average();
}
