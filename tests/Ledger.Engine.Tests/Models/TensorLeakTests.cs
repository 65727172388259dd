using Ledger.Domain.Editing;
using Ledger.Domain.Ports;
using Ledger.Engine.Statistics;
using Ledger.Engine.Tests.Support;

namespace Ledger.Engine.Tests.Models;

/// <summary>Live tensors before = after, for everything the port offers.</summary>
public sealed class TensorLeakTests
{
    private static readonly EditRequest Request = new("The mother of {} is", "Anna", "the other man");

    public static TheoryData<string> Kinds => TinyModels.Kinds;

    [Theory, MemberData(nameof(Kinds))]
    public void Every_call_releases_what_it_makes(string kind)
    {
        using var model = new TinyModel(kind);
        using var editor = model.Editor(1);
        using var folder = new TemporaryFolder();
        var text = folder.Write("text.txt", TinyText.Of(80));
        var store = new KeyStatisticsStore(folder.File("stats"));
        var c = store.Load(editor.Measure(store, new KeyStatisticsSource([text]), null, CancellationToken.None));
        var templates = ContextTemplates.Given(["{}", "A storm. {}", "On the hill. {}"]);

        Leaves("Compute", () => editor.Compute(Request, templates, new Hyperparameters(Evaluations: 3), c, null, CancellationToken.None));
        Leaves("Compute that is cancelled", () => Cancelled(t => editor.Compute(Request, templates, new Hyperparameters(), c, new Told<LossPoint>(_ => t.Cancel()), t.Token)));
        Leaves("Score", () => editor.Score([("Anna is", "here"), ("The mother of Anna", "a man")], CancellationToken.None));
        Leaves("Perplexity", () => editor.Perplexity(["Anna is here", "The mother of Anna"], CancellationToken.None));
        Leaves("Keys", () => editor.Keys("The mother of Anna"));
        Leaves("Key", () => editor.Key("The mother of {}", "Anna"));
        var said = editor.Greedy("The mother", 3, CancellationToken.None);
        Leaves("Score of what was said", () => editor.Score("The mother", said, CancellationToken.None));
        Leaves("Next", () => editor.Next("The mother", 5));
        Leaves("Continue", () => editor.Continue("The mother", 6, CancellationToken.None));
        Leaves("Likelihoods", () => editor.Likelihoods(["Anna is here", "x"], CancellationToken.None));
        Leaves("Answers", () => editor.Answers(["The mother of", "The mother of Anna is", "The man"], 3, CancellationToken.None));
        Leaves("Sample", () => editor.Sample(["The mother", "The mother of Anna"], 30, 5, 1, CancellationToken.None));
        Leaves("DrawTemplates", () => editor.DrawTemplates(7));
        Leaves("Install", () => editor.Install(editor.BaseMatrix.Span));
        Leaves("Measure", () => editor.Measure(store, new KeyStatisticsSource([text]), null, CancellationToken.None));
        Leaves("Measure that is taken up", () =>
        {
            Cancelled(t => editor.Measure(store, new KeyStatisticsSource([text]), new Told<MeasureProgress>(_ => t.Cancel()), t.Token));
            editor.Measure(store, new KeyStatisticsSource([text]), null, CancellationToken.None);
        });
        Leaves("C's factor", () => store.Load(c.Statistics).Direction(new Domain.Float32Vector(new float[TinyModels.Inner])));
        Leaves("a model", () => model.Editor(1).Dispose());

        static void Leaves(string what, Action call) => call.ShouldLeaveNoTensors(what);
    }

    private static void Cancelled(Action<CancellationTokenSource> call)
    {
        using var source = new CancellationTokenSource();
        Should.Throw<OperationCanceledException>(() => call(source));
    }
}
