using System.Text;
using System.Text.Json;
using Ledger.Engine.Checkpoints;

namespace Ledger.Host.Tests.Support;

/// <summary>A GPT-2 of a few thousand seeded weights in ordinary hub layout: loads and edits in milliseconds, knows nothing.</summary>
internal static class TinyCheckpoint
{
    public const int Layers = 2, Hidden = 16, Inner = 64;
    private const int Positions = 192;

    public static string Write(string folder, int seed = 1, int positions = Positions)
    {
        Directory.CreateDirectory(folder);
        var vocabulary = ByteAlphabet().Select((c, i) => (Token: c.ToString(), Id: i)).Append(("<|endoftext|>", 256)).ToDictionary(p => p.Item1, p => p.Item2);
        File.WriteAllText(Path.Combine(folder, "vocab.json"), JsonSerializer.Serialize(vocabulary));
        File.WriteAllText(Path.Combine(folder, "merges.txt"), "#version: 0.2\n");
        File.WriteAllText(Path.Combine(folder, "config.json"), JsonSerializer.Serialize(new
        {
            model_type = "gpt2", vocab_size = 257, n_positions = positions, n_embd = Hidden, n_layer = Layers, n_head = 2, n_inner = (int?)null,
            activation_function = "gelu_new", layer_norm_epsilon = 1e-5, bos_token_id = 256, eos_token_id = 256, torch_dtype = "float32",
        }));
        Weights(Path.Combine(folder, "model.safetensors"), seed, positions);
        return folder;
    }

    public static void Weights(string file, int seed, int positions = Positions)
    {
        var random = new Random(seed);
        var writer = new SafetensorsWriter();
        Add("wte.weight", 0.6, 257, Hidden);
        Add("wpe.weight", 0.1, positions, Hidden);
        for (var l = 0; l < Layers; l++)
        {
            Norm($"h.{l}.ln_1");
            Linear($"h.{l}.attn.c_attn", Hidden, 3 * Hidden);
            Linear($"h.{l}.attn.c_proj", Hidden, Hidden);
            Norm($"h.{l}.ln_2");
            Linear($"h.{l}.mlp.c_fc", Hidden, Inner);
            Linear($"h.{l}.mlp.c_proj", Inner, Hidden);
        }
        Norm("ln_f");
        writer.Write(file);

        void Linear(string name, int from, int to)
        {
            Add($"{name}.weight", 0.3, from, to);
            Add($"{name}.bias", 0.05, to);
        }

        void Norm(string name)
        {
            writer.Add($"{name}.weight", Enumerable.Repeat(1f, Hidden).ToArray(), Hidden);
            Add($"{name}.bias", 0.01, Hidden);
        }

        void Add(string name, double scale, params long[] shape)
        {
            var values = new float[shape.Aggregate(1L, (a, b) => a * b)];
            for (var i = 0; i < values.Length; i++) values[i] = (float)(scale * (random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5));
            writer.Add(name, values, shape);
        }
    }

    /// <summary>GPT-2's printable stand-ins for the 256 bytes, in its vocabulary's order.</summary>
    private static IEnumerable<char> ByteAlphabet()
    {
        var printable = Enumerable.Range('!', '~' - '!' + 1).Concat(Enumerable.Range('¡', '¬' - '¡' + 1)).Concat(Enumerable.Range('®', 'ÿ' - '®' + 1)).ToArray();
        var rest = Enumerable.Range(0, 256).Except(printable).Select((_, i) => 256 + i);
        return printable.Concat(rest).Select(c => (char)c);
    }

    /// <summary>Lines of letters enough for a C that can be factored.</summary>
    public static string Text(string folder)
    {
        var random = new Random(3);
        var text = new StringBuilder();
        for (var line = 0; line < 60; line++)
            text.AppendJoin(' ', Enumerable.Range(0, 8).Select(_ => string.Concat(Enumerable.Range(0, random.Next(2, 8)).Select(_ => (char)random.Next('a', 'z' + 1))))).Append('\n');
        var path = Path.Combine(folder, "text.txt");
        File.WriteAllText(path, text.ToString());
        return path;
    }
}
