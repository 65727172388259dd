using System.Text.Json;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.TestKit;

namespace Ledger.Projections.Tests.Replay;

/// <summary>One case of golden/tiny/replay/replay.json with its inputs, stored or generated.</summary>
/// <param name="Stored">W_N as stored; null for a generated case, which has digests only.</param>
internal sealed record ReplayGolden(string Name, int Dv, int Dk, float[] W0, float[] R, float[] U, float[]? Stored, JsonElement Case)
{
    public RankOneDelta[] Deltas { get; } = [.. Enumerable.Range(0, Case.GetProperty("edits").GetInt32()).Select(e =>
        new RankOneDelta(new Float32Vector(R.AsSpan(e * Dv, Dv)), new Float32Vector(U.AsSpan(e * Dk, Dk))))];

    public Digest Sha256(string of) => Digest.Parse(Case.GetProperty("sha256").GetProperty(of).GetString()!);

    /// <summary>All cases of the set, whatever their number; skips the test where the set is absent.</summary>
    public static IEnumerable<ReplayGolden> All()
    {
        var folder = Shared.RequireGolden("tiny", "replay");
        foreach (var golden in Index().GetProperty("cases").EnumerateArray()) yield return Load(folder, golden);
    }

    public static JsonElement Index() =>
        JsonDocument.Parse(File.ReadAllBytes(Shared.RequireGolden("tiny", "replay", "replay.json"))).RootElement;

    private static ReplayGolden Load(string folder, JsonElement golden)
    {
        var name = golden.GetProperty("name").GetString()!;
        int dv = golden.GetProperty("d_v").GetInt32(), dk = golden.GetProperty("d_k").GetInt32(), edits = golden.GetProperty("edits").GetInt32();
        var source = golden.GetProperty("source");
        if (source.ValueKind == JsonValueKind.String)
        {
            source.GetString().ShouldBe("stored", name);
            var tensors = StoredTensors.Read(Path.Combine(folder, $"{name}.safetensors"));
            return new ReplayGolden(name, dv, dk, tensors["W0"], tensors["r"], tensors["u"], tensors["W_N"], golden);
        }
        source.GetProperty("generator").GetString().ShouldBe("splitmix64", name);
        return new ReplayGolden(name, dv, dk, Generate("W0", dv * dk), Generate("r", edits * dv), Generate("u", edits * dk), null, golden);

        float[] Generate(string tensor, int count)
        {
            var from = source.GetProperty(tensor);
            var random = new SplitMix64(from.GetProperty("seed").GetUInt64());
            var exponent = from.GetProperty("exponent").GetInt32();
            var values = new float[count];
            foreach (ref var v in values.AsSpan()) v = random.Next(exponent);
            return values;
        }
    }
}
