using System.Globalization;
using Ledger.Domain.Editing;
using Ledger.Domain.Ports;
using Ledger.Engine;
using Ledger.Engine.Statistics;
using Ledger.Projections.Replay;

namespace Ledger.Atlas;

/// <summary>Mean scores of single edits of the unedited model, × 100 (docs/editing.md §6). NaN where there was nothing to score.</summary>
internal readonly record struct Scores(double Efficacy, double Generalisation, double Locality)
{
    /// <summary>S, their harmonic mean.</summary>
    public double Total => 3 / (1 / Efficacy + 1 / Generalisation + 1 / Locality);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"ES {Efficacy,5:0.0}  PS {Generalisation,5:0.0}  NS {Locality,5:0.0}  S {Total,5:0.0}");
}

/// <summary>The model at one layer with C over the corpus and templates of its own: edits are tried on it one at a time, each on the base.</summary>
internal sealed class Laboratory : IDisposable
{
    private readonly IModelEditor editor;
    private readonly IKeyMoment c;
    private readonly ContextTemplates templates;
    private readonly string folder = Directory.CreateTempSubdirectory("ledger-atlas-").FullName;

    /// <param name="keep">A folder to leave C in; else it goes with the laboratory.</param>
    public Laboratory(string model, string corpus, int layer, string? keep = null)
    {
        var library = new ModelLibrary("cpu");
        editor = library.Load(model, library.Address(model, layer), CancellationToken.None);
        templates = editor.DrawTemplates(0);
        var store = new KeyStatisticsStore(keep ?? folder);
        Statistics = editor.Measure(store, new KeyStatisticsSource([corpus]), null, CancellationToken.None);
        c = store.Load(Statistics);
    }

    public KeyStatistics Statistics { get; }

    /// <summary>The share of prompts that the model answers greedily.</summary>
    public double Known(IEnumerable<(string Question, string Answer)> facts)
    {
        var all = facts.ToList();
        return (double)all.Count(f => editor.Continue(f.Question, 8, CancellationToken.None).StartsWith($" {f.Answer}.", StringComparison.Ordinal)) / all.Count;
    }

    public EditComputation Compute(EditRequest request, Hyperparameters h) => editor.Compute(request, templates, h, c, null, CancellationToken.None);

    /// <summary>Each request edited alone.</summary>
    public Dictionary<Variant, Scores> Score(IEnumerable<EditRequest> requests, Hyperparameters h, IReadOnlyCollection<Variant> variants)
    {
        var found = variants.ToDictionary(v => v, _ => new List<(double, double, double)>());
        foreach (var request in requests)
        {
            var x = Compute(request, h);
            foreach (var variant in variants) found[variant].Add(Score(request, Factors.Of(variant, x).Delta));
        }
        return found.ToDictionary(p => p.Key, p => new Scores(Mean(p.Value.Select(s => s.Item1)), Mean(p.Value.Select(s => s.Item2)), Mean(p.Value.Select(s => s.Item3))));
    }

    /// <summary>Of sentences, each from its second word on, with an edit or without.</summary>
    public double Perplexity(IEnumerable<string> sentences, RankOneDelta? delta = null) => With(delta, () =>
    {
        var parts = sentences.Select(s => s.Split(' ', 2)).ToList();
        return Math.Exp(editor.Score([.. parts.Select(p => (p[0], p[1]))], CancellationToken.None).Average());
    });

    private (double Efficacy, double Generalisation, double Locality) Score(EditRequest request, RankOneDelta delta)
    {
        return With(delta, () => (Share([request.Text], (n, t) => t > n), Share(request.Paraphrases, (n, t) => t > n), Share(request.Neighbours, (n, t) => t < n)));

        double Share(IReadOnlyCollection<string> prompts, Func<double, double, bool> holds)
        {
            if (prompts.Count == 0) return double.NaN;
            var n = editor.Score([.. prompts.Select(p => (p, request.Target)), .. prompts.Select(p => (p, request.TrueTarget!))], CancellationToken.None);
            return (double)Enumerable.Range(0, prompts.Count).Count(i => holds(n[i], n[prompts.Count + i])) / prompts.Count;
        }
    }

    /// <summary>Runs with an edit of the base, and puts the base back.</summary>
    private T With<T>(RankOneDelta? delta, Func<T> run)
    {
        if (delta is null) return run();
        var w = editor.BaseMatrix.ToArray();
        Fold.Apply(w, editor.Matrix.Dv, editor.Matrix.Dk, [delta], CancellationToken.None);
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

    public void Dispose()
    {
        editor.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>× 100, over the records that have a score.</summary>
    private static double Mean(IEnumerable<double> scores) => 100 * scores.Where(s => !double.IsNaN(s)).DefaultIfEmpty(double.NaN).Average();
}
