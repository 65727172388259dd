using System.Diagnostics;
using System.Text;
using Ledger.Host.Tests.Support;
using static Ledger.Host.Tests.Support.Failing;

namespace Ledger.Host.Tests.Cli;

/// <summary>A few of the engine's malformed models, through the real program.</summary>
public sealed class MalformedModelTests(TinyLedger tiny) : IClassFixture<TinyLedger>
{
    private static readonly Dictionary<string, (Action<string> Spoil, string Says)> Cases = new()
    {
        ["weights cut short"] = (model => Bytes(model, "model.safetensors", b => b[..^1]), "it may be cut short"),
        ["weights that are empty"] = (model => Bytes(model, "model.safetensors", _ => []), "model.safetensors is empty, or no ordinary file"),
        ["a header longer than any"] = (model => Bytes(model, "model.safetensors", b => [.. BitConverter.GetBytes(-1L), .. b[8..]]), "claims 18446744073709551615 bytes"),
        ["a header that is no JSON"] = (model => Bytes(model, "model.safetensors", b => [.. b[..9], (byte)'[', .. b[10..]]), "is not the JSON it should be"),
        ["a name that a terminal would obey"] = (model => Text(model, "model.safetensors", "wte.weight", "\\u001b[31m"), "has no tensor wte.weight"),
        ["weights of integers"] = (model => Text(model, "model.safetensors", "F32", "I32"), "is I32; the engine reads F32, F16 and BF16"),
        ["a pipe for weights"] = (model => Pipe(model, "model.safetensors"), "model.safetensors is empty, or no ordinary file"),
        ["a pipe for a config"] = (model => Pipe(model, "config.json"), "config.json is empty, or no ordinary file"),
        ["an index that leaves the folder"] = (model =>
        {
            File.Delete(Path.Combine(model, "model.safetensors"));
            File.WriteAllText(Path.Combine(model, "model.safetensors.index.json"), """{"weight_map":{"wte.weight":"../other.safetensors"}}""");
        }, "puts tensor wte.weight into \"../other.safetensors\""),
        ["millions of layers"] = (model => Text(model, "config.json", "\"n_layer\":2", "\"n_layer\":268435456"), "has no tensor h.268435455.mlp.c_proj.weight"),
        ["a layer too few"] = (model => Text(model, "config.json", "\"n_layer\":2", "\"n_layer\":1"), "The weights have a layer 1"),
        ["a matrix beyond any array"] = (model => Text(model, "config.json", "\"n_embd\":16", "\"n_embd\":65536"), "has 17179869184 elements"),
        ["an id given twice"] = (model => Text(model, "vocab.json", ":256", ":255"), "the id 255 is given to"),
        ["a merge of nothing"] = (model => File.AppendAllText(Path.Combine(model, "merges.txt"), "no where\n"), "vocabulary and merges do not fit together"),
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_malformed_model_is_one_short_error_and_nothing_is_written(string name)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() && name.Contains("pipe", StringComparison.Ordinal), "Windows has no pipes in folders");
        var ledger = tiny.Copy();
        Cases[name].Spoil(ledger["model"]);
        await ShouldFailAsync(ledger, ["open", "new", "--layer", "0"], 2, Cases[name].Says, name);
    }

    [Fact]
    public async Task A_ledger_over_a_base_that_was_damaged_since_says_so()
    {
        var ledger = tiny.Copy();
        Bytes(ledger["model"], "model.safetensors", b => b[..^100]);
        await ShouldFailAsync(ledger, ["edit", "{} is", "--subject", "Ada", "--to", "so"], 2, "it may be cut short");
        await ShouldFailAsync(ledger, ["ask", "Ada is"], 2, "it may be cut short");
        (await ledger.RunAsync("log")).ShouldEndWith(0);
    }

    private static void Bytes(string model, string file, Func<byte[], byte[]> change)
    {
        var path = Path.Combine(model, file);
        File.WriteAllBytes(path, change(File.ReadAllBytes(path)));
    }

    /// <summary>Every place; in the weights' header only what keeps its length.</summary>
    private static void Text(string model, string file, string old, string now) => Bytes(model, file, b => Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(b).Replace(old, now, StringComparison.Ordinal)));

    private static void Pipe(string model, string file)
    {
        File.Delete(Path.Combine(model, file));
        using var mkfifo = Process.Start("mkfifo", [Path.Combine(model, file)]);
        mkfifo.WaitForExit();
    }
}
