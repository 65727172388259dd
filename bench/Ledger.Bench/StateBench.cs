using System.Diagnostics;
using System.Globalization;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Host.Sessions;
using Ledger.Projections.Replay;

namespace Ledger.Bench;

/// <summary>What the cache of states costs and saves, in edits that could be folded meanwhile: whence <see cref="CachedFold.WorthKeeping"/>.</summary>
public static class StateBench
{
    private const int Edits = 500, Runs = 15;

    private static readonly (int Dv, int Dk, string Model)[] Shapes = [(576, 1536, "SmolLM2-135M"), (1600, 6400, "GPT-2 XL")];

    public static int Run()
    {
        var folder = Directory.CreateTempSubdirectory("ledger-bench-").FullName;
        try
        {
            foreach (var (dv, dk, model) in Shapes) Compare(folder, dv, dk, model);
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Compare(string folder, int dv, int dk, string model)
    {
        var random = new Random(dv);
        var w = Values(random, dv * dk);
        var deltas = Enumerable.Range(0, Edits).Select(_ => new RankOneDelta(new(Values(random, dv)), new(Values(random, dk)))).ToArray();
        var cache = new StateCache(folder, 1L << 30, TimeProvider.System);
        var (states, fingerprint) = (Enumerable.Range(0, Runs).Select(i => new StateId(Digest.Of([(byte)i, (byte)(dk >> 8)]))).ToArray(), WeightFingerprint.Of(w));

        var edit = Best(_ => Fold.Apply(w.ToArray(), dv, dk, deltas, CancellationToken.None)) / Edits;
        var write = Best(i => cache.Keep(states[i], w, dv, dk, fingerprint));
        var read = Best(i => cache.Read(states[i], dv, dk, fingerprint));
        var hash = Best(_ => WeightFingerprint.Of(w));
        var digests = Best(_ => StateId.Along(fingerprint, deltas.Select(d => d.Digest)).Count());
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"""
            {dv} × {dk} ({model}), {Environment.ProcessorCount} processors; in edits folded ({edit:f3} ms each):
              write an entry                         {write / edit,7:f0}
              read one and check its digest          {read / edit,7:f0}
              the digest alone                       {hash / edit,7:f0}
              name the states along {Edits} edits      {digests / edit,7:f0}
            """));
    }

    private static double Best(Action<int> work) => Enumerable.Range(0, Runs).Min(i =>
    {
        var start = Stopwatch.GetTimestamp();
        work(i);
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    });

    private static float[] Values(Random random, int count)
    {
        var values = new float[count];
        foreach (ref var v in values.AsSpan()) v = random.NextSingle() - 0.5f;
        return values;
    }
}
