using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Ledger.Engine.Tokenizing;

namespace Ledger.Atlas;

/// <summary>
/// Learns a byte-level BPE from sentences: the most frequent pair is merged, of equals the first in ordinal order, until the vocabulary is full.
/// No library here trains one; GPT-2's files are written, so that the ordinary loader reads it.
/// </summary>
internal static partial class BpeTraining
{
    public const string EndOfText = "<|endoftext|>";

    /// <param name="size">Of the vocabulary: 256 bytes, merges, and the end of text, whose id is the last.</param>
    public static void Write(string folder, IEnumerable<string> sentences, int size)
    {
        var words = sentences.SelectMany(s => Words().Matches(" " + s).Select(m => m.Value))
            .GroupBy(w => w, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => (Parts: Encoding.UTF8.GetBytes(g.Key).Select(b => ByteLevelAlphabet.CharacterOf(b).ToString()).ToList(), Count: g.Count())).ToList();
        var vocabulary = Enumerable.Range(0, 256).Select(b => ByteLevelAlphabet.CharacterOf((byte)b)).Order().Select(c => c.ToString()).ToList();
        var merges = new List<string>();
        while (vocabulary.Count < size - 1 && Best(words) is var (left, right))
        {
            merges.Add($"{left} {right}");
            vocabulary.Add(left + right);
            foreach (var (parts, _) in words) Merge(parts, left, right);
        }
        vocabulary.Add(EndOfText);
        File.WriteAllText(Path.Combine(folder, "vocab.json"), JsonSerializer.Serialize(vocabulary.Select((token, id) => (token, id)).ToDictionary(p => p.token, p => p.id), Plain));
        File.WriteAllText(Path.Combine(folder, "merges.txt"), "#version: 0.2\n" + string.Concat(merges.Select(m => m + "\n")));
    }

    private static readonly JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static (string Left, string Right)? Best(List<(List<string> Parts, int Count)> words)
    {
        var counts = new Dictionary<(string, string), int>();
        foreach (var (parts, count) in words)
            for (var i = 1; i < parts.Count; i++)
                counts[(parts[i - 1], parts[i])] = counts.GetValueOrDefault((parts[i - 1], parts[i])) + count;
        if (counts.Count == 0) return null;
        return counts.OrderByDescending(p => p.Value).ThenBy(p => p.Key.Item1, StringComparer.Ordinal).ThenBy(p => p.Key.Item2, StringComparer.Ordinal).First().Key;
    }

    private static void Merge(List<string> parts, string left, string right)
    {
        for (var i = 1; i < parts.Count; i++)
        {
            if (parts[i - 1] != left || parts[i] != right) continue;
            parts[i - 1] = left + right;
            parts.RemoveAt(i);
        }
    }

    /// <summary>GPT-2's words; the text is ASCII.</summary>
    [GeneratedRegex(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")]
    private static partial Regex Words();
}
