using Ledger.Engine.Checkpoints;
using Ledger.Engine.Tests.Support;

namespace Ledger.Engine.Tests.Checkpoints;

public sealed class SafetensorsHeaderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Theory]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", "w, F32 [2], cannot have 4 bytes")]
    [InlineData("""{"w":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}}""", "w has no known dtype")]
    [InlineData("""{"w":{"dtype":32,"shape":[2],"data_offsets":[0,8]}}""", "w has a dtype that the format does not know")]
    [InlineData("""{"w":{"shape":[2],"data_offsets":[0,8]}}""", "w has no known dtype")]
    [InlineData("""{"w":{"dtype":"F32","data_offsets":[0,8]}}""", "w has no shape")]
    [InlineData("""{"w":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", "w has no shape")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1.5],"data_offsets":[0,8]}}""", "w has no shape")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2]}}""", "w has no data_offsets")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", "w has no data_offsets")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8,16]}}""", "w has no data_offsets")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"device":"cpu"}}""", "w has a device that the format does not know")]
    [InlineData("""{"w":{"dtype":"F32","shape":[4294967296,4294967296,0],"data_offsets":[0,0]}}""", "impossible shape")]
    [InlineData("""{"w":{"dtype":"F4","shape":[1],"data_offsets":[0,0]}}""", "w, F4 [1], cannot have 0 bytes")]
    [InlineData("""{"w":{"dtype":"U8","shape":[8],"data_offsets":[9223372036854775799,9223372036854775807]}}""", "w lies outside the file")]
    [InlineData("""{"w":"here"}""", "w has no description")]
    [InlineData("""{"__metadata__":{"a":1},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "__metadata__ is not a map from text to text")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "overlaps the one before it")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"x":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}""", "tensor x overlaps the one before it")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "4 bytes before tensor w belong to none")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "its tensors end at byte")]
    [InlineData("""{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}""", "it may be cut short")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "is not the JSON it should be")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} x""", "is not the JSON it should be")]
    [InlineData("""["w"]""", "does not begin with '{'")]
    [InlineData("", "does not begin with '{'")]
    public void A_header_that_lies_about_its_eight_bytes_is_refused(string header, string problem) =>
        Refused(RawSafetensors.Bytes(header, new byte[8]), problem);

    [Theory]
    [InlineData(100_000_001ul, "no safetensors file has more than 100000000")]
    [InlineData(ulong.MaxValue, "no safetensors file has more than 100000000")]
    [InlineData(99_999_999ul, "header claims 99999999 bytes, the file has 10 in all")]
    [InlineData(3ul, "header claims 3 bytes, the file has 10 in all")]
    public void A_header_longer_than_the_file_is_refused_before_it_is_read(ulong claimed, string problem) =>
        Refused(RawSafetensors.Bytes(claimed, "{}", []), problem);

    [Fact]
    public void A_file_cut_short_anywhere_is_refused()
    {
        var whole = RawSafetensors.Tensor("F32", new byte[24], 2, 3);
        SafetensorsFile.Open(folder.Write("whole", whole)).Dispose();
        Refused([], "is empty, or no ordinary file");
        for (var length = 1; length < whole.Length; length++) Refused(whole[..length], "is damaged");
        Refused([.. whole, 0], "its tensors end at byte");
    }

    [Fact]
    public void Tensors_may_be_listed_in_any_order_and_may_be_empty_or_scalars()
    {
        var bytes = RawSafetensors.Bytes(
            """{"b":{"dtype":"F32","shape":[],"data_offsets":[4,8]},"none":{"dtype":"F32","shape":[0,7],"data_offsets":[4,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""",
            [.. BitConverter.GetBytes(1f), .. BitConverter.GetBytes(2f)]);
        using var file = SafetensorsFile.Open(folder.Write("w", bytes));
        file.Header.Tensors.Select(t => t.Name).ShouldBe(["a", "none", "b"]);
        file.ReadFloats("a").ShouldBe([1f]);
        file.ReadFloats("b").ShouldBe([2f]);
        file.ReadFloats("none").ShouldBeEmpty();
        file.Tensors["b"].Elements.ShouldBe(1);
    }

    public void Dispose() => folder.Dispose();

    private void Refused(byte[] bytes, string problem)
    {
        var path = folder.Write("model.safetensors", bytes);
        var refusal = Should.Throw<CheckpointException>(() => SafetensorsFile.Open(path));
        refusal.Message.ShouldContain(problem);
        refusal.Path.ShouldBe(path);
        refusal.Remedy.ShouldNotBeNull().ShouldContain("fetch the file again");
        Should.Throw<CheckpointException>(() => SafetensorsFile.DigestHeader(path)).Message.ShouldBe(refusal.Message);
    }
}
