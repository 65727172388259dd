using System.Buffers.Binary;
using CsCheck;
using Ledger.Engine.Checkpoints;
using Ledger.Engine.Tests.Support;

namespace Ledger.Engine.Tests.Checkpoints;

public sealed class SafetensorsWriterTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Fact]
    public void What_is_written_is_read_back_bit_for_bit() =>
        Gen.Select(Gen.UInt.Array[0, 40], Gen.Double.Array[0, 40], Gen.String).Sample(
            (bits, doubles, note) =>
            {
                var floats = bits.Select(BitConverter.UInt32BitsToSingle).ToArray();
                var path = folder.File("w.safetensors");
                new SafetensorsWriter().Add("floats", floats, floats.Length).Add("doubles", doubles, 1, doubles.Length).Note("note", WellFormed(note)).Write(path);
                using var file = SafetensorsFile.Open(path);
                file.ReadFloats("floats").Select(BitConverter.SingleToUInt32Bits).ShouldBe(bits);
                file.ReadDoubles("doubles").Select(BitConverter.DoubleToUInt64Bits).ShouldBe(doubles.Select(BitConverter.DoubleToUInt64Bits));
                file.Tensors["doubles"].Shape.ShouldBe([1, doubles.Length]);
                file.Header.Metadata["note"].ShouldBe(WellFormed(note));
            },
            iter: 50, threads: 1);

    [Fact]
    public void The_same_input_in_any_order_gives_the_same_bytes_with_the_data_aligned()
    {
        new SafetensorsWriter().Add("a", new float[3], 3).Add("b", new float[4], 2, 2).Note("n", "1").Note("m", "2").Write(folder.File("1"));
        new SafetensorsWriter().Note("m", "2").Add("b", new float[4], 2, 2).Note("n", "1").Add("a", new float[3], 3).Write(folder.File("2"));
        var bytes = File.ReadAllBytes(folder.File("1"));
        File.ReadAllBytes(folder.File("2")).ShouldBe(bytes);
        (BinaryPrimitives.ReadUInt64LittleEndian(bytes) % 8).ShouldBe(0ul);
    }

    [Fact]
    public void A_name_taken_or_a_shape_that_does_not_fit_is_refused()
    {
        var writer = new SafetensorsWriter().Add("a", new float[4], 2, 2);
        Should.Throw<ArgumentException>(() => writer.Add("a", new double[1], 1)).Message.ShouldContain("The name a is taken");
        Should.Throw<ArgumentException>(() => writer.Add("__metadata__", new float[1], 1)).Message.ShouldContain("is taken");
        Should.Throw<ArgumentException>(() => writer.Add("b", new float[4], 2, 3)).Message.ShouldContain("4 values do not fill [2, 3]");
        Should.Throw<ArgumentException>(() => writer.Add("b", new float[4], -2, -2)).Message.ShouldContain("do not fill");
    }

    [Fact]
    public void A_write_that_fails_leaves_neither_a_torn_file_nor_a_temporary_one()
    {
        Should.Throw<DirectoryNotFoundException>(() => new SafetensorsWriter().Add("a", new float[1], 1).Write(folder.File("absent/w.safetensors")));
        Directory.CreateDirectory(folder.File("w.safetensors"));        // a folder stands where the file should go
        Should.Throw<Exception>(() => new SafetensorsWriter().Add("a", new float[1], 1).Write(folder.File("w.safetensors")));
        Directory.EnumerateFileSystemEntries(folder.Path).ShouldBe([folder.File("w.safetensors")]);
    }

    public void Dispose() => folder.Dispose();

    private static string WellFormed(string text) => string.Concat(text.EnumerateRunes());
}
