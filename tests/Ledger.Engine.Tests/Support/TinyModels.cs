using Ledger.Engine.Checkpoints;

namespace Ledger.Engine.Tests.Support;

/// <summary>Checkpoints of a few thousand seeded weights in hub layout, one of each kind the engine runs: they know nothing and load in milliseconds.</summary>
internal static partial class TinyModels
{
    public const string Gpt2 = "gpt2", GptJ = "gptj", GptNeoX = "gpt_neox", GptNeoXInSequence = "gpt_neox-in-sequence";

    public const string Llama = "llama", LlamaTied = "llama-tied", Llama3Rope = "llama3-rope", Mistral = "mistral", Qwen2 = "qwen2";

    public const int Layers = 3, Hidden = 16, Inner = 24, Positions = 160;

    public static TheoryData<string> Kinds => [Gpt2, GptJ, GptNeoX, GptNeoXInSequence, Llama, LlamaTied, Llama3Rope, Mistral, Qwen2];

    /// <summary>Config, tokenizer and weights of a kind.</summary>
    /// <returns>The folder.</returns>
    public static string Write(string folder, string kind, int seed = 1)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, CheckpointFolder.ConfigFile), Config(kind).ToJsonString());
        if (kind == Gpt2) TinyTokenizer.WriteVocabularyAndMerges(folder);
        else TinyTokenizer.WriteJson(folder);
        Write(Path.Combine(folder, CheckpointFolder.SingleFile), Weights(kind, seed));
        return folder;
    }

    public static void Write(string file, IEnumerable<(string Name, float[] Values, long[] Shape)> weights)
    {
        var writer = new SafetensorsWriter();
        foreach (var (name, values, shape) in weights) writer.Add(name, values, shape);
        writer.Write(file);
    }
}
