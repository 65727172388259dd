using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Ports;
using Ledger.Engine.Checkpoints;
using Ledger.Engine.Models;
using Ledger.Engine.Tokenizing;
using static TorchSharp.torch;

namespace Ledger.Engine.Statistics;

/// <summary>
/// C = (1/N) Σ k kᵀ over the tokens of ordinary text, run only as deep as layer ℓ. Documents go in windows of fixed size, whatever happened
/// before, so that a measurement that was killed and taken up again adds the same blocks in the same order and gives the same digest.
/// </summary>
internal sealed class KeyMeasurement(Models.Decoder model, ITextTokenizer tokenizer, MatrixAddress matrix, Digest stamp)
{
    /// <summary>1,024 tokens at once measured fastest: what lies between two products still fits the caches. 8,192 took 1.7 times as long.</summary>
    private const int BatchTokens = 1024;

    private const int Window = 64, BytesPerToken = 64, NamesKept = 64;

    private readonly int dk = matrix.Dk;

    /// <summary>A killed measurement loses this much.</summary>
    public TimeSpan SaveEvery { get; init; } = TimeSpan.FromSeconds(20);

    /// <exception cref="CorpusException">A file cannot be read, is not what it should be or changes meanwhile, or there is no text in them.</exception>
    public KeyStatistics Measure(string folder, KeyStatisticsSource source, IProgress<MeasureProgress>? progress, CancellationToken token)
    {
        if (source.Context < 1) throw new CorpusException($"a context of {source.Context} tokens holds no text.", "give 1 or more with --context");
        Cholesky.RequireRidge(source.Ridge);
        if (source.MaxTokens is < 1) throw new CorpusException("no token may be read.", "give 1 or more with --max-tokens");
        var context = Math.Min(source.Context, model.Config.Positions);
        var corpus = new Corpus(source.Files, source.Column, (int)Math.Min((long)context * BytesPerToken, Array.MaxLength));
        Directory.CreateDirectory(folder);
        var partial = Path.Combine(folder, Name(corpus, source, context) + ".partial.safetensors");
        using var scope = NewDisposeScope();
        var state = State.Read(partial, dk) ?? new State(zeros(dk, dk, ScalarType.Float64), 0, 0, 0, 0);
        var saved = Stopwatch.GetTimestamp();
        foreach (var window in corpus.From(state.File, state.Place).Chunk(Window))
        {
            if (source.MaxTokens is { } most && state.Tokens >= most) break;
            if (token.IsCancellationRequested)
            {
                Save();
                token.ThrowIfCancellationRequested();
            }
            state = Add(state, window, context, source.MaxTokens);
            progress?.Report(new MeasureProgress(corpus.BytesBefore(window[^1]), corpus.Bytes, state.Tokens));
            if (Stopwatch.GetElapsedTime(saved) < SaveEvery) continue;
            Save();
            saved = Stopwatch.GetTimestamp();
        }
        if (state.Tokens == 0) throw new CorpusException("There is no text in these files.", CorpusFile.Remedy);
        corpus.RequireUnchanged();
        var statistics = Finish(folder, state, source, corpus, context);
        File.Delete(partial);
        return statistics;

        // Sums over files that changed meanwhile must not be taken up as those of the files that were there.
        void Save()
        {
            corpus.RequireUnchanged();
            state.Write(partial);
        }
    }

    private State Add(State state, Document[] window, int context, long? most)
    {
        var left = most is { } m ? m - state.Tokens : long.MaxValue;
        var rows = new List<IReadOnlyList<int>>();
        foreach (var document in window)
        {
            if (left == 0) break;
            var ids = tokenizer.Encode(document.Text);
            var take = (int)Math.Min(Math.Min(ids.Count, context), left);
            if (take == 0) continue;        // text of which the tokenizer makes nothing
            rows.Add([.. ids.Take(take)]);
            left -= take;
        }
        // The order is the window's own.
        foreach (var batch in TokenRows.Batches(rows, r => r.Count, BatchTokens)) AddBlock(state.Sum, batch);
        return state with
        {
            File = window[^1].File,
            Place = window[^1].Next,
            Documents = state.Documents + rows.Count,
            Tokens = state.Tokens + rows.Sum(r => (long)r.Count),
        };
    }

    private void AddBlock(Tensor sum, IReadOnlyList<IReadOnlyList<int>> batch)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var rows = TokenRows.FromLeft(batch);
        using var pass = Pass.Over(rows, model.Device);
        var x = model.Run(model.Embed(rows.Ids(model.Device), pass), pass, 0, matrix.Layer);
        var k = model.Key(matrix.Layer, x, pass).K.reshape(-1, dk);                                     // [B S, d_k]
        var real = Enumerable.Range(0, batch.Count).SelectMany(i => Enumerable.Range(0, batch[i].Count).Select(s => (long)i * rows.Columns + s)).ToArray();
        if (real.Length < k.shape[0]) k = k.index_select(0, tensor(real, device: model.Device));        // padding never counts
        sum.add_(k.t().mm(k).to(CPU).to(ScalarType.Float64), Arithmetic.One);
    }

    private KeyStatistics Finish(string folder, State state, KeyStatisticsSource source, Corpus corpus, int context)
    {
        var mean = state.Sum.Plus(state.Sum.t()).Over(2.0 * state.Tokens);
        var c = mean.to(ScalarType.Float32).contiguous().data<float>().ToArray();
        var (digest, ridge) = KeyStatisticsStore.Keep(folder, c, dk, state.Tokens, source.Ridge,
        [
            ("corpus", corpus.Digest.ToString()), ("tokens", Text(state.Tokens)), ("documents", Text(state.Documents)), ("context", Text(context)), ("parameter", matrix.Parameter),
        ]);
        return new KeyStatistics(digest, KeyStatisticsOrigin.Measured, corpus.Digest, Names(corpus), corpus.HasColumns ? source.Column : null, state.Documents, state.Tokens, context, ridge, dk);
    }

    /// <summary>They stand in an event, which has its limit: of many the first.</summary>
    private static ImmutableArray<string> Names(Corpus corpus)
    {
        var names = corpus.Names.ToImmutableArray();
        return names.Length <= NamesKept ? names : [.. names[..(NamesKept - 1)], $"… and {names.Length - NamesKept + 1} more"];
    }

    /// <summary>What a measurement must have in common with another to be taken up by it.</summary>
    private string Name(Corpus corpus, KeyStatisticsSource source, int context) => Digest.Of(Encoding.UTF8.GetBytes(
        $"{stamp}|{matrix.Parameter}|{corpus.Digest}|{context}|{source.MaxTokens}|{Window}|{BatchTokens}|{string.Join('/', corpus.Kinds)}|{source.Column}")).ToString()[..32];

    private static string Text(long n) => n.ToString(CultureInfo.InvariantCulture);

    /// <summary>How far a measurement is: up to and without the document that begins at <paramref name="Place"/> of file <paramref name="File"/>.</summary>
    /// <param name="Sum">Σ k kᵀ, float64 [d_k, d_k].</param>
    private sealed record State(Tensor Sum, long Tokens, long Documents, int File, long Place)
    {
        private static readonly string[] Numbers = ["tokens", "documents", "file", "place"];

        public static State? Read(string path, int dk)
        {
            if (!System.IO.File.Exists(path)) return null;
            try
            {
                using var file = SafetensorsFile.Open(path);
                var notes = file.Header.Metadata;
                if (notes.GetValueOrDefault("sha256") != Seal(file.TensorDigest("sum"), Numbers.Select(name => notes[name]))) return null;
                var n = Numbers.Select(name => long.Parse(notes[name], CultureInfo.InvariantCulture)).ToArray();
                return new State(from_array(file.ReadDoubles("sum")).view(dk, dk), n[0], n[1], (int)n[2], n[3]);
            }
            catch (Exception e) when (e is CheckpointException or KeyNotFoundException or FormatException)
            {
                return null;        // torn or foreign: measured from the start
            }
        }

        public void Write(string path)
        {
            var sum = Sum.data<double>().ToArray();
            string[] values = [Text(Tokens), Text(Documents), Text(File), Text(Place)];
            var writer = new SafetensorsWriter().Add("sum", sum, Sum.shape).Note("sha256", Seal(Digest.Of(MemoryMarshal.AsBytes(sum.AsSpan())), values));
            foreach (var (name, value) in Numbers.Zip(values)) writer.Note(name, value);
            writer.Write(path);
        }

        /// <summary>Over the sums and the place they stand for: one without the other is taken up wrongly.</summary>
        private static string Seal(Digest sum, IEnumerable<string> numbers) => Digest.Of(Encoding.UTF8.GetBytes($"{sum}|{string.Join('|', numbers)}")).ToString();
    }
}
