using System.Diagnostics;
using System.Globalization;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Engine;
using Ledger.Engine.Checkpoints;
using Ledger.Engine.Editing;
using Ledger.Engine.Models;
using Ledger.Engine.Statistics;
using Ledger.Engine.Tokenizing;
using Ledger.Host.Features;
using Ledger.Host.Features.Bulk;
using Ledger.Host.Sessions;
using Ledger.Projections.Timelines;
using static TorchSharp.torch;

namespace Ledger.Bench;

/// <summary>
/// One edit's time as a ratio to one plain forward and backward pass over the same batch, in one run. The plain pass is what an edit without
/// any thought would repeat twenty times: all rows from their first token, every layer, logits everywhere, the gradient to δ alone.
/// </summary>
public static class EditBench
{
    private const string Usage = "usage: Ledger.Bench edit LEDGER RECORDS [COUNT]   a ledger with key statistics, a file of edits, how many of its records (10)";

    public static async Task<int> RunAsync(string[] args)
    {
        if (args.Length is < 2 or > 3)
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }
        var count = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 10;
        using var file = BulkFile.Open(args[1], null);
        var requests = file.Records().Where(r => r.Edit is not null).Take(count).Select(r => r.Edit!.Request).ToArray();

        var paths = LedgerPaths.Resolve(args[0]);
        var library = new ModelLibrary("cpu");
        await using var session = await new LedgerSessions(TimeProvider.System).OpenAsync(paths, CancellationToken.None);
        using var bench = Workbench.Load(session, library, new BaseGuard(library), null, CancellationToken.None);
        var c = new KeyStatisticsStore(paths.KeyStatistics).Load(session.Setup.RequireStatistics());
        using var plain = new PlainPass(BaseGuard.Locate(session, null), session.Setup.Base.Matrix.Layer);
        Compare(session, await session.TipAsync(LedgerSetup.Main, CancellationToken.None), bench, c, plain, requests);
        return 0;
    }

    private static void Compare(LedgerSession session, TimelineTip tip, Workbench bench, Domain.Ports.IKeyMoment c, PlainPass plain, EditRequest[] requests)
    {
        var pipeline = new EditPipeline(session, tip, bench, c);
        var templates = session.Setup.RequireTemplates();
        Console.WriteLine($"{session.Setup.Base.Base.Name}, layer {session.Setup.Base.Matrix.Layer}, {get_num_threads()} threads; in units of one plain forward and backward pass");
        Console.WriteLine($"{"record",-44} {"batch",9} {"pass",8} {"δ search",9} {"edit",6} {"evaluations",12}");
        Edit(requests[0]);                                                                  // warm
        var ratios = new List<(double Search, double Edit)>();
        foreach (var request in requests)
        {
            var rows = plain.Rows(request, templates);
            var pass = Enumerable.Range(0, 3).Select(_ => Time(() => plain.Run(rows))).Order().ElementAt(1);
            var search = Time(() => bench.Editor.Compute(request, templates, session.Setup.Base.Hyperparameters, c, null, CancellationToken.None));
            var evaluations = 0;
            var edit = Time(() => evaluations = Edit(request));
            ratios.Add((search / pass, edit / pass));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{request.Subject,-44} {$"{rows.Rows.Count} × {rows.Rows.Max(r => r.Count)}",9} {pass,6:0.00} s {search / pass,9:0.0} {edit / pass,6:0.0} {evaluations,12}"));
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{"median",-44} {"",9} {"",8} {EditGate.Median([.. ratios.Select(r => r.Search).Order()]),9:0.0} {EditGate.Median([.. ratios.Select(r => r.Edit).Order()]),6:0.0}"));

        // Everything of `ledger edit` but the append: keys, δ, factors, the trial with its two scores, gate, fingerprint.
        int Edit(EditRequest request) =>
            pipeline.DryRun(request, Variant.RRome, new Provenance("bench", null, null, null), null, CancellationToken.None).Signals.Loss.Length;
    }

    private static double Time(Action work)
    {
        var start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>A model of its own, run as the definition reads.</summary>
    private sealed class PlainPass : IDisposable
    {
        private readonly Decoder model;
        private readonly ITextTokenizer tokenizer;
        private readonly int layer;

        public PlainPass(string path, int layer)
        {
            var folder = CheckpointFolder.Open(path);
            using var checkpoint = SafetensorsCheckpoint.Open(folder);
            model = ModelCatalog.Load(folder.Config, checkpoint, CPU, CancellationToken.None);
            tokenizer = TokenizerLoader.Load(folder);
            this.layer = layer;
        }

        public EditRows Rows(EditRequest request, ContextTemplates templates) => EditRows.Of(tokenizer, request, templates, model.Config.Positions);

        public void Run(EditRows edit)
        {
            using var scope = NewDisposeScope();
            var rows = TokenRows.FromLeft(edit.Rows);
            using var pass = Pass.Over(rows, model.Device);
            var delta = zeros(model.Config.Hidden, requires_grad: true);                                    // [d_v]
            var at = zeros(rows.Count, rows.Columns, 1);                                                    // [B, S, 1]: 1 at the lookup tokens
            for (var i = 0; i < rows.Count; i++) at[i, edit.Lookups[i], 0] = 1;
            var wanted = zeros(rows.Count, rows.Columns, 1, ScalarType.Int64);                              // [B, S, 1]: which id is asked for
            var weight = zeros(rows.Count, rows.Columns, 1);                                                // [B, S, 1]: 0 where none is
            for (var i = 0; i < edit.Contexts; i++)
                for (var t = 0; t < edit.Target.Count; t++)
                {
                    var column = edit.Rows[i].Count - edit.Target.Count + t;
                    wanted[i, column, 0] = edit.Target[t];
                    weight[i, column, 0] = 1.0 / (edit.Contexts * edit.Target.Count);
                }

            var x = model.Run(model.Embed(rows.Ids(model.Device), pass), pass, 0, layer);                   // [B, S, d_v]
            var (residual, k) = model.Key(layer, x, pass);
            x = residual + model.Value(layer, k) + at * delta;
            var logP = model.Logits(model.Run(x, pass, layer + 1, model.Config.Layers)).log_softmax(-1);    // [B, S, V]
            var nll = -logP.gather(2, wanted) * weight;                                                     // [B, S, 1]
            nll.sum().backward();
        }

        public void Dispose() => model.Dispose();
    }
}
