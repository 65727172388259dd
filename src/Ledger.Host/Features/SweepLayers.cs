using System.Collections.Immutable;
using System.Diagnostics;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Ports;
using Ledger.Host.Features.Bulk;
using Ledger.Host.Sessions;
using MediatR;

namespace Ledger.Host.Features;

/// <summary>Tries a few records' edits at several layers of a model, before a ledger is opened: which layer edits it best? Nothing is kept.</summary>
public static class SweepLayers
{
    /// <summary>So few tell a layer that does not work from one that does, not two good ones from each other.</summary>
    public const int Records = 10;

    /// <summary>C is measured anew at every layer: over this many tokens, fewer than a ledger's own C deserves.</summary>
    public const long Tokens = 20_000;

    private const int MostLayers = 12;

    /// <param name="File">A CounterFact file: of its records with a true target, paraphrases and neighbours the first <see cref="Records"/>.</param>
    /// <param name="Texts">Ordinary text for C.</param>
    /// <param name="Tried">Told of each layer when it is done.</param>
    public sealed record Request(string Model, string File, ImmutableArray<string> Texts, long Seed, Hyperparameters Hyperparameters, IProgress<Row>? Tried) : IRequest<Result>;

    /// <param name="Rome">Under ROME as published.</param>
    public sealed record Row(int Layer, EditScores Rome, EditScores RRome, EditScores PRome, double Seconds)
    {
        /// <summary>What layers are ranked by: the mean of S over the variants, so that none is favoured. A layer at which a score is 0 has 0.</summary>
        public double Mean => new[] { Rome, RRome, PRome }.Average(s => double.IsNaN(s.Total) ? 0 : s.Total);
    }

    /// <param name="Default">What <c>open</c> takes where no layer is named.</param>
    public sealed record Result(string Model, ImmutableArray<Row> Rows, int Best, int Default);

    public sealed class Handler(IModelLibrary library, Func<LedgerPaths, IKeyStatisticsStore> stores) : IRequestHandler<Request, Result>
    {
        public Task<Result> Handle(Request request, CancellationToken token)
        {
            using var file = BulkFile.Open(request.File, null);
            var requests = file.Records().Select(r => r.Edit is { } edit ? edit.Request : throw r.Fault!.Alone())
                .Where(r => r.TrueTarget is not null && r.Paraphrases.Length > 0 && r.Neighbours.Length > 0).Take(Records).ToList();
            if (requests.Count == 0) throw new SetupException($"{request.File} has no record with target_true, paraphrases and neighbours.", "a sweep scores efficacy, generalisation and locality: take records that have them, such as CounterFact's");
            var model = library.Describe(request.Model, token);
            var initial = library.DefaultLayer(request.Model);
            var rows = new List<Row>();
            foreach (var layer in Layers(model.Layers, initial))
            {
                token.ThrowIfCancellationRequested();
                var row = Try(request, layer, requests, token);
                rows.Add(row);
                request.Tried?.Report(row);
            }
            return Task.FromResult(new Result(model.Name, [.. rows], rows.MaxBy(r => (r.Mean, r.Layer == initial))!.Layer, initial));
        }

        private Row Try(Request request, int layer, List<EditRequest> requests, CancellationToken token)
        {
            var started = Stopwatch.GetTimestamp();
            var folder = Directory.CreateTempSubdirectory("ledger-sweep-");
            try
            {
                var store = stores(new LedgerPaths(Path.Combine(folder.FullName, "sweep" + LedgerPaths.Extension)));
                using var editor = library.Load(request.Model, library.Address(request.Model, layer), token);
                var statistics = editor.Measure(store, new KeyStatisticsSource(request.Texts, MaxTokens: Tokens), null, token);
                var scores = new EditTrials(editor, editor.DrawTemplates(request.Seed), store.Load(statistics)).Score(requests, request.Hyperparameters, [.. VariantNames.All], token);
                return new Row(layer, scores[Variant.Rome], scores[Variant.RRome], scores[Variant.PRome], Stopwatch.GetElapsedTime(started).TotalSeconds);
            }
            finally
            {
                folder.Delete(recursive: true);
            }
        }

        /// <summary>The first two thirds of the depth, at most twelve layers evenly spread, and the default: later a subject's last token has been read already.</summary>
        private static IEnumerable<int> Layers(int depth, int initial)
        {
            var end = Math.Max(1, 2 * depth / 3);
            var step = (end + MostLayers - 1) / MostLayers;
            return Enumerable.Range(0, end).Where(l => l % step == 0).Append(initial).Distinct().Order();
        }
    }
}
