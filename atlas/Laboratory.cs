using Ledger.Domain.Editing;
using Ledger.Domain.Ports;
using Ledger.Engine;
using Ledger.Engine.Statistics;
using Ledger.Host.Sessions;

namespace Ledger.Atlas;

/// <summary>The model at one layer with C over the corpus and templates of its own: edits are tried on it one at a time, each on the base.</summary>
internal sealed class Laboratory : IDisposable
{
    private readonly IModelEditor editor;
    private readonly string folder = Directory.CreateTempSubdirectory("ledger-atlas-").FullName;

    /// <param name="keep">A folder to leave C in; else it goes with the laboratory.</param>
    public Laboratory(string model, string corpus, int layer, string? keep = null)
    {
        var library = new ModelLibrary("cpu");
        editor = library.Load(model, library.Address(model, layer), CancellationToken.None);
        var store = new KeyStatisticsStore(keep ?? folder);
        Statistics = editor.Measure(store, new KeyStatisticsSource([corpus]), null, CancellationToken.None);
        Trials = new EditTrials(editor, editor.DrawTemplates(0), store.Load(Statistics));
    }

    public KeyStatistics Statistics { get; }

    public EditTrials Trials { get; }

    /// <summary>The share of prompts that the model answers greedily.</summary>
    public double Known(IEnumerable<(string Question, string Answer)> facts)
    {
        var all = facts.ToList();
        return (double)all.Count(f => editor.Continue(f.Question, 8, CancellationToken.None).StartsWith($" {f.Answer}.", StringComparison.Ordinal)) / all.Count;
    }

    public EditComputation Compute(EditRequest request, Hyperparameters h) => Trials.Compute(request, h, CancellationToken.None);

    public Dictionary<Variant, EditScores> Score(IEnumerable<EditRequest> requests, Hyperparameters h, IReadOnlyCollection<Variant> variants) =>
        Trials.Score(requests, h, variants, CancellationToken.None);

    /// <summary>Of sentences, with the weights now installed.</summary>
    public double Perplexity(IReadOnlyList<string> sentences) => editor.Perplexity(sentences, CancellationToken.None);

    /// <summary>Of the same with an edit.</summary>
    public double Perplexity(IReadOnlyList<string> sentences, RankOneDelta delta) => Trials.With(delta, () => Perplexity(sentences), CancellationToken.None);

    public void Dispose()
    {
        editor.Dispose();
        Directory.Delete(folder, recursive: true);
    }
}
