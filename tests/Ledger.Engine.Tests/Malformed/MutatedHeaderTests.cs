using System.Buffers.Binary;
using System.Text;
using System.Text.RegularExpressions;
using Ledger.Engine.Checkpoints;
using Ledger.Engine.Tests.Support;

namespace Ledger.Engine.Tests.Malformed;

/// <summary>A damaged header opens and all its tensors lie within the file, or it is refused with the engine's own exception; nothing else, and in little memory.</summary>
public sealed class MutatedHeaderTests : IDisposable
{
    private const long MostAllocated = 1 << 18;

    /// <summary>What each check of a header says.</summary>
    private static readonly string[] Refusals =
    [
        "too few for a header", "no safetensors file has more", "the file has", "does not begin with", "not the JSON", "is not a map from text", "has no description", "does not know", "no known dtype", "no shape of whole numbers",
        "no data_offsets", "impossible shape", "cannot have", "overlaps", "belong to none", "may be cut short", "its tensors end", "lies outside the file",
    ];

    private static readonly Regex Place = new(@"data_offsets"":\[(\d+),(\d+)\]");

    /// <summary>Valid files of every feature: several dtypes, metadata, scalars, empty tensors, any order, a padded header.</summary>
    private static readonly (byte[] Header, byte[] Data)[] Valid =
    [
        Make("""{"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}""", 24),
        Make("""{"__metadata__":{"format":"pt"},"b":{"dtype":"BF16","shape":[4],"data_offsets":[12,20]},"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"i":{"dtype":"I64","shape":[],"data_offsets":[4,12]}}     """, 20),
        Make("""{"none":{"dtype":"F32","shape":[0,7],"data_offsets":[0,0]},"one":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},"bits":{"dtype":"F4","shape":[2,3],"data_offsets":[8,11]},"z":{"dtype":"U8","shape":[5],"data_offsets":[11,16]}}""", 16),
        Make($$"""{{{string.Join(',', Enumerable.Range(0, 20).Select(i => $$"""  "model.layers.{{i}}.weight":{"dtype":"F32","shape":[1,2],"data_offsets":[{{8 * i}},{{8 * i + 8}}]}"""))}}}""", 160),
    ];

    private readonly TemporaryFolder folder = new();

    [Fact]
    public void One_hundred_thousand_damaged_headers_open_within_their_file_or_are_refused()
    {
        var mutations = new Mutations(1);
        var refusals = Refusals.ToDictionary(r => r, _ => 0);
        var (opened, most) = (0, 0L);
        for (var i = 0; i < 100_000; i++)
        {
            var file = Damaged(mutations);
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                ReadAll(file);
                opened++;
            }
            catch (CheckpointException e)
            {
                e.Message.ShouldStartWith("f is ");
                refusals[Refusals.First(r => e.Message.Contains(r, StringComparison.Ordinal))]++;
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"case {i}, {Convert.ToHexString(file)}: {e.GetType().Name}", e);
            }
            most = Math.Max(most, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        TestContext.Current.SendDiagnosticMessage($"{opened} opened; {string.Join(", ", refusals.OrderByDescending(r => r.Value).Select(r => $"{r.Value} {r.Key}"))}; at most {most} bytes allocated");
        most.ShouldBeLessThan(MostAllocated);
        // Not all damage is fatal, and it reaches every check.
        opened.ShouldBeGreaterThan(2000);
        refusals.Where(r => r.Value == 0).ShouldBeEmpty();
    }

    [Fact]
    public void Damaged_files_are_read_through_their_mapping_or_refused()
    {
        var mutations = new Mutations(2);
        var opened = 0;
        for (var i = 0; i < 3000; i++)
        {
            var path = folder.Write("w.safetensors", Damaged(mutations));
            try
            {
                using var file = SafetensorsFile.Open(path);
                foreach (var t in file.Header.Tensors)
                {
                    file.TensorDigest(t.Name);
                    if (Widening.Size(t.Dtype) > 0) file.ReadFloats(t.Name).Length.ShouldBe((int)t.Elements);
                    else if (t.Dtype == "F64") file.ReadDoubles(t.Name).Length.ShouldBe((int)t.Elements);
                }
                opened++;
            }
            catch (CheckpointException e)
            {
                e.Path.ShouldBe(path);
            }
        }
        opened.ShouldBeGreaterThan(50);
    }

    public void Dispose() => folder.Dispose();

    private static (byte[], byte[]) Make(string header, int bytes) => (Encoding.UTF8.GetBytes(header), [.. Enumerable.Range(0, bytes).Select(i => (byte)i)]);

    /// <summary>As a rule with the right length before the header, or every other fault would hide behind it.</summary>
    private static byte[] Damaged(Mutations mutations)
    {
        var (header, data) = Valid[mutations.Next(Valid.Length)];
        var damaged = mutations.OneIn(8) ? Moved(mutations, header) : mutations.Of(header);
        var prefix = new byte[SafetensorsHeader.PrefixLength];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, (ulong)(mutations.OneIn(20) ? header.Length : damaged.Length));
        if (mutations.OneIn(30)) prefix[mutations.Next(prefix.Length)] ^= (byte)(1 << mutations.Next(8));
        byte[] file = [.. prefix, .. damaged, .. data];
        return mutations.OneIn(20) ? file[..mutations.Next(file.Length)] : file;
    }

    /// <summary>One tensor's bytes are said to lie elsewhere, as many as before.</summary>
    private static byte[] Moved(Mutations mutations, byte[] header)
    {
        var text = Encoding.UTF8.GetString(header);
        var places = Place.Matches(text);
        var place = places[mutations.Next(places.Count)];
        long begin = long.Parse(place.Groups[1].ValueSpan), length = long.Parse(place.Groups[2].ValueSpan) - begin;
        var to = new[] { 0, 1, begin - 4, begin + 4, begin + length, 1L << 40, long.MaxValue - length }[mutations.Next(7)];
        return Encoding.UTF8.GetBytes(text[..place.Index] + $"data_offsets\":[{to},{to + length}]" + text[(place.Index + place.Length)..]);
    }

    /// <summary>The parts of <see cref="SafetensorsFile.Open"/> without the mapping: a slice outside the array would throw.</summary>
    private static void ReadAll(byte[] file)
    {
        var length = SafetensorsHeader.LengthOf("f", file.AsSpan(0, Math.Min(file.Length, SafetensorsHeader.PrefixLength)), file.Length);
        var header = SafetensorsHeader.Parse("f", file.AsMemory(SafetensorsHeader.PrefixLength, length), file.Length);
        foreach (var t in header.Tensors)
        {
            var bytes = file.AsSpan(checked((int)t.Offset), checked((int)t.Length));
            if (t.Offset < SafetensorsHeader.PrefixLength + length) throw new InvalidOperationException($"{t} lies in the header.");
            if (Widening.Size(t.Dtype) > 0) Widening.Widen(t.Dtype, bytes, new float[t.Elements]);
        }
    }
}
