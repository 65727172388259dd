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

    private const int Window = 64, BytesPerToken = 64;
    private static readonly TimeSpan SaveEvery = TimeSpan.FromSeconds(20);

    private readonly int dk = matrix.Dk;

    /// <exception cref="CorpusException">A file cannot be read, or there is no text in them.</exception>
    public KeyStatistics Measure(string folder, KeyStatisticsSource source, IProgress<MeasureProgress>? progress, CancellationToken token)
    {
        if (source.Context < 1) throw new CorpusException($"a context of {source.Context} tokens holds no text.", "give 1 or more with --context");
        if (source.Ridge is { } given && !(double.IsFinite(given) && given >= 0)) throw new CorpusException($"{given} is no ridge.", "give a number from 0 on with --ridge");
        if (source.MaxTokens is < 1) throw new CorpusException("no token may be read.", "give 1 or more with --max-tokens");
        var context = Math.Min(source.Context, model.Config.Positions);
        var corpus = new Corpus(source.Files, checked(context * BytesPerToken));
        Directory.CreateDirectory(folder);
        var partial = Path.Combine(folder, Name(corpus, context, source.MaxTokens) + ".partial.safetensors");
        using var scope = NewDisposeScope();
        var state = State.Read(partial, dk) ?? new State(zeros(dk, dk, ScalarType.Float64), 0, 0, 0, 0);
        var saved = Stopwatch.GetTimestamp();
        foreach (var window in corpus.From(state.File, state.Offset).Chunk(Window))
        {
            if (source.MaxTokens is { } most && state.Tokens >= most) break;
            if (token.IsCancellationRequested)
            {
                state.Write(partial);
                token.ThrowIfCancellationRequested();
            }
            state = Add(state, window, context, source.MaxTokens);
            progress?.Report(new MeasureProgress(corpus.BytesBefore(state.File, state.Offset), corpus.Bytes, state.Tokens));
            if (Stopwatch.GetElapsedTime(saved) < SaveEvery) continue;
            state.Write(partial);
            saved = Stopwatch.GetTimestamp();
        }
        if (state.Tokens == 0) throw new CorpusException("There is no text in these files.", "name UTF-8 text files, one document a line");
        var statistics = Finish(folder, state, source, corpus, context);
        File.Delete(partial);
        return statistics;
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
        // Rows of like length side by side; the order is the window's own.
        var sorted = rows.OrderBy(r => r.Count).ToList();
        for (var at = 0; at < sorted.Count;)
        {
            var count = 1;
            while (at + count < sorted.Count && (count + 1) * sorted[at + count].Count <= BatchTokens) count++;
            AddBlock(state.Sum, sorted.GetRange(at, count));
            at += count;
        }
        return state with
        {
            File = window[^1].File,
            Offset = window[^1].End,
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
        var ridge = source.Ridge ?? Cholesky.SmallestRidge(c, dk, state.Tokens);
        if (source.Ridge is not null && Cholesky.Factor(c, dk, ridge) is null)
            throw new CorpusException($"C over {state.Tokens} tokens cannot be factored with ridge {ridge}: it is not positive definite.", "give a larger --ridge, or leave it out");
        var digest = Digest.Of(MemoryMarshal.AsBytes(c.AsSpan()));
        KeyStatisticsStore.Save(folder, digest, c, dk,
        [
            ("corpus", corpus.Digest.ToString()), ("tokens", Text(state.Tokens)), ("documents", Text(state.Documents)), ("context", Text(context)), ("parameter", matrix.Parameter),
        ]);
        return new KeyStatistics(digest, KeyStatisticsOrigin.Measured, corpus.Digest, [.. source.Files.Select(f => Path.GetFileName(f))], null, state.Documents, state.Tokens, context, ridge, dk);
    }

    /// <summary>What a measurement must have in common with another to be taken up by it.</summary>
    private string Name(Corpus corpus, int context, long? most) =>
        Digest.Of(Encoding.UTF8.GetBytes($"{stamp}|{matrix.Parameter}|{corpus.Digest}|{context}|{most}|{Window}|{BatchTokens}")).ToString()[..32];

    private static string Text(long n) => n.ToString(CultureInfo.InvariantCulture);

    /// <summary>How far a measurement is: up to and without the document that begins at <paramref name="Offset"/> of file <paramref name="File"/>.</summary>
    /// <param name="Sum">Σ k kᵀ, float64 [d_k, d_k].</param>
    private sealed record State(Tensor Sum, long Tokens, long Documents, int File, long Offset)
    {
        private static readonly string[] Numbers = ["tokens", "documents", "file", "offset"];

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
            string[] values = [Text(Tokens), Text(Documents), Text(File), Text(Offset)];
            var writer = new SafetensorsWriter().Add("sum", sum, Sum.shape).Note("sha256", Seal(Digest.Of(MemoryMarshal.AsBytes(sum.AsSpan())), values));
            foreach (var (name, value) in Numbers.Zip(values)) writer.Note(name, value);
            writer.Write(path);
        }

        /// <summary>Over the sums and the place they stand for: one without the other is taken up wrongly.</summary>
        private static string Seal(Digest sum, IEnumerable<string> numbers) => Digest.Of(Encoding.UTF8.GetBytes($"{sum}|{string.Join('|', numbers)}")).ToString();
    }
}
