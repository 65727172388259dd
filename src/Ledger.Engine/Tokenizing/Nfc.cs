using System.Globalization;
using System.Text;

namespace Ledger.Engine.Tokenizing;

/// <summary>
/// Unicode's normalisation form C: characters taken apart, marks in canonical order, put together again. Our own, because the program runs
/// without ICU (InvariantGlobalization), where .NET's Normalize gives every text back as it is and says nothing.
/// </summary>
internal static class Nfc
{
    private const int L = 0x1100, V = 0x1161, T = 0x11A7, Syllable = 0xAC00, Ls = 19, Vs = 21, Ts = 28;     // Hangul is arithmetic

    private static readonly Lazy<Canonical> Data = new(Read);

    /// <param name="text">Without halves of surrogate pairs.</param>
    public static string Of(string text)
    {
        // Below U+0300 nothing is taken apart that is not put together again, and nothing combines.
        if (!text.AsSpan().ContainsAnyInRange('\u0300', '\uffff')) return text;
        var apart = new List<int>();
        foreach (var rune in text.EnumerateRunes()) TakeApart(rune.Value, apart);
        Order(apart);
        var composed = new StringBuilder(text.Length);
        foreach (var c in PutTogether(apart)) composed.Append(new Rune(c));
        return composed.ToString();
    }

    private static void TakeApart(int c, List<int> into)
    {
        var s = c - Syllable;
        if (s is >= 0 and < Ls * Vs * Ts)
        {
            into.Add(L + s / (Vs * Ts));
            into.Add(V + s / Ts % Vs);
            if (s % Ts != 0) into.Add(T + s % Ts);
        }
        else if (Data.Value.Parts.TryGetValue(c, out var parts))
            foreach (var part in parts) TakeApart(part, into);
        else
            into.Add(c);
    }

    /// <summary>Each run of marks by class; marks of one class keep their order.</summary>
    private static void Order(List<int> characters)
    {
        for (var begin = 0; begin < characters.Count; begin++)
        {
            var end = begin;
            while (end < characters.Count && Class(characters[end]) > 0) end++;
            if (end - begin < 2) continue;
            var run = characters.GetRange(begin, end - begin).OrderBy(Class).ToArray();
            for (var i = 0; i < run.Length; i++) characters[begin + i] = run[i];
            begin = end;
        }
    }

    private static List<int> PutTogether(List<int> characters)
    {
        var kept = new List<int>(characters.Count);
        // Where the last starter stands, and the class of what stands last after it; −1: nothing does.
        int starter = -1, last = -1;
        foreach (var c in characters)
        {
            var own = Class(c);
            if (starter >= 0 && last < own && Pair(kept[starter], c) is { } whole)
            {
                kept[starter] = whole;
                continue;
            }
            (starter, last) = own == 0 ? (kept.Count, -1) : (starter, own);
            kept.Add(c);
        }
        return kept;
    }

    private static int? Pair(int a, int b)
    {
        if (a is >= L and < L + Ls && b is >= V and < V + Vs) return Syllable + ((a - L) * Vs + b - V) * Ts;
        if (a - Syllable is >= 0 and < Ls * Vs * Ts && (a - Syllable) % Ts == 0 && b is > T and < T + Ts) return a + b - T;
        return Data.Value.Wholes.TryGetValue((a, b), out var whole) ? whole : null;
    }

    private static int Class(int c) => Data.Value.Classes.GetValueOrDefault(c);

    private static Canonical Read()
    {
        var data = new Canonical([], [], []);
        using var reader = new StreamReader(typeof(Nfc).Assembly.GetManifestResourceStream("Canonical.txt")!);
        while (reader.ReadLine() is { } line)
            if (!line.StartsWith('#'))
                foreach (var entry in line.Split(' ')) Add(data, entry);
        return data;
    }

    /// <summary>The forms of an entry stand at the top of Canonical.txt.</summary>
    private static void Add(Canonical data, string entry)
    {
        if (entry.Split('@') is [var range, var value])
        {
            var ends = range.Split('-').Select(Hex).ToArray();
            for (var c = ends[0]; c <= ends[^1]; c++) data.Classes.Add(c, byte.Parse(value, CultureInfo.InvariantCulture));
            return;
        }
        var sides = entry.Split('=', ':');
        var parts = sides[1].Split('+').Select(Hex).ToArray();
        data.Parts.Add(Hex(sides[0]), parts);
        if (entry.Contains('=')) data.Wholes.Add((parts[0], parts[1]), Hex(sides[0]));
    }

    private static int Hex(string digits) => int.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    private sealed record Canonical(Dictionary<int, byte> Classes, Dictionary<int, int[]> Parts, Dictionary<(int, int), int> Wholes);
}
