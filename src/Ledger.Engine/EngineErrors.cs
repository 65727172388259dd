using Ledger.Domain;

namespace Ledger.Engine;

/// <summary>The model folder or one of its files is not what the engine can read; names the file and what would be right.</summary>
public sealed class CheckpointException(string path, string problem, string? remedy = null, Exception? inner = null)
    : LedgerException(Short(problem), remedy ?? "fetch the model's files again, or take another model", inner)
{
    private const int Longest = 600, Beginning = 400;

    public string Path { get; } = path;
    public override FailureKind Kind => FailureKind.BadInput;

    /// <summary>A damaged file may give a tensor or a token a name of megabytes. The file is named at the beginning, what is wrong at the end.</summary>
    private static string Short(string problem) =>
        problem.Length <= Longest ? problem : $"{problem.AsSpan(0, Beginning)} … {problem.AsSpan(problem.Length - (Longest - Beginning))}";
}

/// <summary>The model has no such layer.</summary>
public sealed class LayerOutOfRangeException(int layer, int layers)
    : LedgerException($"layer {layer} does not exist: the model has layers 0 to {layers - 1}", $"give a layer from 0 to {layers - 1}")
{
    public int Layer { get; } = layer;
    public int Layers { get; } = layers;
    public override FailureKind Kind => FailureKind.BadInput;

    public static void Require(int layer, int layers)
    {
        if (layer < 0 || layer >= layers) throw new LayerOutOfRangeException(layer, layers);
    }
}

/// <summary>There is no such device, or this build or machine cannot use it.</summary>
public sealed class DeviceException(string device, Exception inner)
    : LedgerException($"The device \"{device}\" cannot be used.", "set LEDGER_DEVICE to cpu; cuda:0 needs a GPU and a build with -p:TorchBackend=cuda", inner)
{
    public string Device { get; } = device;
    public override FailureKind Kind => FailureKind.BadInput;

    /// <summary>The device, once it has held a tensor.</summary>
    internal static TorchSharp.torch.Device Open(string device)
    {
        try
        {
            var opened = new TorchSharp.torch.Device(device);
            using var probe = TorchSharp.torch.zeros(1, device: opened);
            return opened;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidOperationException or OverflowException or System.Runtime.InteropServices.ExternalException)
        {
            throw new DeviceException(device, e);
        }
    }
}

/// <summary>A text has more tokens than the model has positions.</summary>
public sealed class ContextExceededException(long tokens, int positions, string text, string remedy = "shorten the text")
    : LedgerException($"\"{Beginning(text)}\" makes {tokens} tokens, more than the model's {positions} positions.", remedy)
{
    public long Tokens { get; } = tokens;
    public int Positions { get; } = positions;
    public override FailureKind Kind => FailureKind.BadInput;

    public static void Require(long tokens, int positions, string text, string remedy = "shorten the text")
    {
        if (tokens > positions) throw new ContextExceededException(tokens, positions, text, remedy);
    }

    private static string Beginning(string text) => text.Length <= 60 ? text : text[..57] + "…";
}

/// <summary>Texts of which no token follows another: there is no perplexity.</summary>
public sealed class NothingPredictedException()
    : LedgerException("There is no token to predict in these texts.", "give texts of a few words each")
{
    public override FailureKind Kind => FailureKind.BadInput;
}

/// <summary>The tokenizer names no token that a text could start from.</summary>
public sealed class NoStartTokenException()
    : LedgerException("The tokenizer names neither a beginning-of-text nor an end-of-text token, so no context templates can be drawn.", "give templates with --templates FILE")
{
    public override FailureKind Kind => FailureKind.BadInput;
}

/// <summary>The texts give no key statistics.</summary>
public sealed class CorpusException(string problem, string remedy) : LedgerException(problem, remedy)
{
    public override FailureKind Kind => FailureKind.BadInput;

    /// <summary>Names to choose from, for people: not all of very many, nor all of a very long one.</summary>
    internal static string Some(IEnumerable<string> names)
    {
        var first = names.Take(21).Select(n => n.Length <= 60 ? n : n[..57] + "…").ToArray();
        return first.Length == 0 ? "none" : string.Join(", ", first.Length <= 20 ? first : [.. first[..20], "…"]);
    }
}

/// <summary>A file of published statistics is not what can be taken over.</summary>
public sealed class MomentFileException(string problem)
    : LedgerException(problem, "give an .npz as ROME's layer_stats writes it, of this model and layer: with mom2.mom2 (the sum of k kᵀ) and mom2.count")
{
    public override FailureKind Kind => FailureKind.BadInput;
}

/// <summary>C is not where it should be, or not what it should be.</summary>
public sealed class KeyStatisticsMissingException(string problem)
    : LedgerException(problem, "measure it again over the same texts:  ledger keystats TEXT…   or import the same file again")
{
    public override FailureKind Kind => FailureKind.BadInput;
}
