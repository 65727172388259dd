using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Ports;
using Ledger.Engine.Checkpoints;
using Ledger.Engine.Statistics;
using Ledger.Engine.Tests.Support;
using Ledger.TestKit;
using Differences = Ledger.Engine.Tests.Golden.Differences;

namespace Ledger.Engine.Tests.Statistics;

/// <summary>The files are written here as NumPy writes them: none of the published ones is part of the project.</summary>
public sealed class PublishedMomentTests(PublishedMomentTests.Measurement measurement) : IClassFixture<PublishedMomentTests.Measurement>, IDisposable
{
    private const int Dk = TinyModels.Inner;

    private readonly TemporaryFolder folder = new();
    private readonly KeyStatistics measured = measurement.Statistics;
    private readonly float[] c = measurement.C;

    private double[] Sum => [.. c.Select(x => (double)x * measured.Tokens)];

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 1)]
    [InlineData(false, 2)]
    public void What_was_measured_and_written_as_ROME_writes_it_comes_back_as_the_same_C(bool fortran, byte version)
    {
        var bytes = Npz.Moment(Npz.Doubles(Sum, Dk, fortran, version), measured.Tokens, sample: 200);
        var imported = Import(bytes);
        imported.ShouldBe(measured with { Origin = KeyStatisticsOrigin.Imported, Corpus = Digest.Of(bytes), Files = ["c.npz"], Documents = 200, Context = null });
        Stored(folder, "imported", imported).ShouldBe(c);
    }

    [Fact]
    public void Single_precision_sums_give_the_same_up_to_their_rounding()
    {
        var imported = Import(Npz.Moment(Npz.Floats(Sum.Select(x => (float)x), Dk), measured.Tokens));
        var differences = new Differences();
        differences.Relative("C", "from float32 sums", Stored(folder, "imported", imported), [.. c.Select(x => (double)x)], 1e-7);
        differences.Check();
        imported.Ridge.ShouldBe(measured.Ridge);
    }

    [Fact]
    public void Compressed_and_with_arrays_that_are_not_asked_for_it_is_read_too()
    {
        var pickle = Npz.Array("|O", "()", [0x80, 4]);
        var bytes = Npz.Zip(CompressionLevel.Optimal, ("mean.mean.npy", pickle), ("mom2.mom2.npy", Npz.Doubles(Sum, Dk)), ("mom2.count.npy", Npz.Integer(measured.Tokens)));
        var imported = Import(bytes);
        (imported.Digest, imported.Documents, imported.Tokens).ShouldBe((measured.Digest, null, measured.Tokens));
        Import(Npz.Moment(Npz.Doubles(Sum, Dk), measured.Tokens, sample: null)).Documents.ShouldBeNull();
    }

    [Fact]
    public void The_ridge_is_chosen_as_for_a_measured_C()
    {
        var few = Import(Npz.Moment(Npz.Doubles(Sum, Dk), Dk - 1));
        few.Ridge.ShouldBeInRange(1e-6, 1e-1);
        Import(Npz.Moment(Npz.Doubles(Sum, Dk), measured.Tokens), ridge: 0.5).Ridge.ShouldBe(0.5);
        Should.Throw<CorpusException>(() => Import(Npz.Moment(Npz.Doubles(Sum, Dk), 10), ridge: -1)).Message.ShouldContain("is no ridge");
    }

    [Fact]
    public void Sums_that_differ_a_little_from_their_mirror_image_are_averaged()
    {
        var sum = Sum;
        sum[1] *= 1 + 1e-6;
        var imported = Import(Npz.Moment(Npz.Doubles(sum, Dk), measured.Tokens));
        var averaged = Stored(folder, "imported", imported);
        averaged[1].ShouldBe(averaged[Dk]);
    }

    public static TheoryData<string, string> Wrong => new()
    {
        { "no zip", "is damaged, or no .npz" },
        { "empty", "is damaged, or no .npz" },
        { "cut off", "is damaged, or no .npz" },
        { "its beginning only", "is damaged, or no .npz" },
        { "no sum", "mom2.mom2 is missing" },
        { "no count", "mom2.count is missing" },
        { "two sums", "mom2.mom2 is there twice" },
        { "another d_k", "this ledger's keys need" },
        { "one dimension", "this ledger's keys need" },
        { "float16", "has elements of type <f2" },
        { "big-endian", "has elements of type >f8" },
        { "integers", "has elements of type <i8" },
        { "a pickle", "pickles" },
        { "a pickle for a count", "pickles" },
        { "a structure", "as NumPy describes no plain array" },
        { "no .npy", "is no .npy array" },
        { "a version to come", "has version 9" },
        { "a description without an end", "says that its description has" },
        { "digits without an end", "as NumPy describes no plain array" },
        { "a shape beyond numbers", "has a shape that is none" },
        { "fewer numbers than described", "but its header describes" },
        { "more numbers than described", "says that it has" },
        { "a count that is no number", "is not a number" },
        { "a count of half a key", "not a whole number" },
        { "a count of nothing", "a mean needs keys" },
        { "a count that is a list", "not the one of a single number" },
        { "a sample of nothing", "which no sample has" },
        { "NaN", "is not finite" },
        { "infinity", "is not finite" },
        { "NaN on the diagonal", "of its diagonal" },
        { "a zero on the diagonal", "of its diagonal" },
        { "not symmetric", "is not symmetric" },
        { "a bit changed", "its checksum is another" },
        { "a bomb", "says that it has" },
        { "a bomb that lies about its size", "damaged" },
        { "too large", "has more bytes than" },
    };

    [Theory, MemberData(nameof(Wrong))]
    public void What_is_not_that_is_refused_and_nothing_is_kept(string what, string says)
    {
        var refusal = Should.Throw<MomentFileException>(() => Import(Make(what)), what);
        refusal.Message.ShouldContain(says, Case.Sensitive, what);
        refusal.Message.ShouldContain(folder.File("c.npz"));
        Directory.Exists(folder.File("imported")).ShouldBeFalse();
    }

    [Fact]
    public void Any_damage_ends_in_a_refusal_or_in_the_same_C()
    {
        var whole = Npz.Moment(Npz.Doubles(Sum, Dk), measured.Tokens);
        var random = new Random(6);
        for (var i = 0; i < 500; i++)
        {
            var bytes = (byte[])whole.Clone();
            for (var n = random.Next(1, 4); n > 0; n--) bytes[i % 2 == 0 ? random.Next(bytes.Length) : bytes.Length - 1 - random.Next(500)] = (byte)random.Next(256);
            if (random.Next(4) == 0) bytes = bytes[..random.Next(bytes.Length)];
            try
            {
                Import(bytes).Digest.ShouldBe(measured.Digest);
            }
            catch (MomentFileException)
            {
            }
        }
    }

    [Fact]
    public void A_file_that_is_not_there_or_is_a_folder_is_named()
    {
        foreach (var path in new[] { folder.File("absent.npz"), folder.Path, "" })
            Should.Throw<MomentFileException>(() => new KeyStatisticsStore(folder.File("imported")).Import(path, Dk, null)).Message.ShouldContain("cannot be read");
    }

    public void Dispose() => folder.Dispose();

    private KeyStatistics Import(byte[] bytes, double? ridge = null) => new KeyStatisticsStore(folder.File("imported")).Import(folder.Write("c.npz", bytes), Dk, ridge);

    private static float[] Stored(TemporaryFolder folder, string store, KeyStatistics statistics)
    {
        using var file = SafetensorsFile.Open(KeyStatisticsStore.MatrixPath(folder.File(store), statistics.Digest));
        return file.ReadFloats("C");
    }

    private byte[] Make(string what)
    {
        const string square = "'fortran_order': False, 'shape': (24, 24), }";
        var (sum, shape) = (Sum, $"({Dk}, {Dk})");
        var data = new byte[Dk * Dk * 8];
        var array = Npz.Doubles(sum, Dk);
        var whole = Npz.Moment(array, measured.Tokens);
        return what switch
        {
            "no zip" => "not a zip"u8.ToArray(),
            "empty" => [],
            "cut off" => whole[..(whole.Length / 2)],
            "its beginning only" => whole[..4],
            "no sum" => Npz.Zip(("mom2.count.npy", Npz.Integer(5))),
            "no count" => Npz.Zip(("mom2.mom2.npy", array)),
            "two sums" => Npz.Zip(("mom2.count.npy", Npz.Integer(5)), ("mom2.mom2.npy", array), ("mom2.mom2.npy", array)),
            "another d_k" => Npz.Moment(Npz.Doubles(new double[9], 3), 5),
            "one dimension" => Npz.Moment(Npz.Array("<f8", $"({Dk * Dk},)", data), 5),
            "float16" => Npz.Moment(Npz.Array("<f2", shape, new byte[Dk * Dk * 2]), 5),
            "big-endian" => Npz.Moment(Npz.Array(">f8", shape, data), 5),
            "integers" => Npz.Moment(Npz.Array("<i8", shape, data), 5),
            "a pickle" => Npz.Moment(Npz.Array("|O", shape, [0x80, 4, .. "cos\nsystem\n"u8]), 5),
            "a pickle for a count" => Npz.Zip(("mom2.mom2.npy", array), ("mom2.count.npy", Npz.Array("|O", "()", [0x80, 4]))),
            "a structure" => Npz.Moment(Npz.Described($"{{'descr': [('x', '<f8')], {square}", data), 5),
            "no .npy" => Npz.Moment(Encoding.UTF8.GetBytes(new string('a', 1000)), 5),
            "a version to come" => Npz.Moment(Npz.Array("<f8", shape, data, version: 9), 5),
            "a description without an end" => Npz.Moment([.. array[..6], 2, 0, 0xff, 0xff, 0xff, 0x7f, .. array[12..]], 5),
            "digits without an end" => Npz.Moment(Npz.Described("{'descr': '<f8', 'fortran_order': False, 'shape': (" + new string('1', 3000), data), 5),
            "a shape beyond numbers" => Npz.Moment(Npz.Array("<f8", $"({new string('9', 30)}, 1)", data), 5),
            "fewer numbers than described" => Npz.Moment(Npz.Array("<f8", shape, data[8..]), 5),
            "more numbers than described" => Npz.Moment(Npz.Array("<f8", shape, [.. data, .. data]), 5),
            "a count that is no number" => Npz.Zip(("mom2.mom2.npy", array), ("mom2.count.npy", Npz.Array("<f8", "()", BitConverter.GetBytes(double.NaN)))),
            "a count of half a key" => Npz.Zip(("mom2.mom2.npy", array), ("mom2.count.npy", Npz.Array("<f8", "()", BitConverter.GetBytes(0.5)))),
            "a count of nothing" => Npz.Moment(array, 0),
            "a count that is a list" => Npz.Zip(("mom2.mom2.npy", array), ("mom2.count.npy", Npz.Array("<i8", "(1,)", new byte[8]))),
            "a sample of nothing" => Npz.Moment(array, 5, sample: -1),
            "NaN" => With(5, double.NaN),
            "infinity" => With(Dk, double.PositiveInfinity),
            "NaN on the diagonal" => With(Dk + 1, double.NaN),
            "a zero on the diagonal" => With(0, 0),
            "not symmetric" => With(1, sum[0] + sum[Dk + 1]),
            "a bit changed" => Changed(whole, whole.Length / 2, 1),
            "a bomb" => Npz.Zip(CompressionLevel.Optimal, ("mom2.count.npy", Npz.Integer(5)), ("mom2.mom2.npy", new byte[1 << 26])),
            "a bomb that lies about its size" => Lying(Npz.Zip(CompressionLevel.Optimal, ("mom2.count.npy", Npz.Integer(5)), ("mom2.mom2.npy", [.. array, .. new byte[1 << 26]])), array.Length),
            "too large" => new byte[(1 << 24) + Dk * Dk * 8 + 1],
            _ => throw new ArgumentException(what),
        };

        byte[] With(int at, double value)
        {
            sum[at] = value;
            return Npz.Moment(Npz.Doubles(sum, Dk), measured.Tokens);
        }

        static byte[] Changed(byte[] bytes, int at, byte bit)
        {
            bytes[at] ^= bit;
            return bytes;
        }

        // The directory at the end says a size in the four bytes at 24 of each of its entries.
        static byte[] Lying(byte[] zip, int size)
        {
            var at = zip.AsSpan().LastIndexOf("PK\u0001\u0002"u8);
            BinaryPrimitives.WriteInt32LittleEndian(zip.AsSpan(at + 24), size);
            return zip;
        }
    }

    /// <summary>C as it is measured, once.</summary>
    public sealed class Measurement
    {
        public Measurement()
        {
            using var folder = new TemporaryFolder();
            using var model = new TinyModel(TinyModels.Gpt2);
            using var editor = model.Editor(1);
            Statistics = editor.Measure(new KeyStatisticsStore(folder.File("measured")), new KeyStatisticsSource([folder.Write("text", TinyText.Of(200))]), null, CancellationToken.None);
            C = Stored(folder, "measured", Statistics);
        }

        internal KeyStatistics Statistics { get; }

        internal float[] C { get; }
    }
}
