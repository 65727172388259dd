using System.Text;

namespace Ledger.Engine.Tests.Malformed;

/// <summary>Small damage to JSON, seeded: bytes flipped, numbers exchanged, parts inserted, taken out, doubled, swapped, the end cut off.</summary>
internal sealed class Mutations(int seed)
{
    private static readonly byte[][] Numbers = Bytes(
        "0", "1", "-1", "2", "3", "8", "16", "255", "2147483646", "2147483647", "2147483648", "4294967295", "4294967296", "9007199254740993", "9223372036854775807", "9223372036854775808",
        "18446744073709551615", "-9223372036854775808", "0.5", "1e3", "1e308", "1e999", "-0");

    private static readonly byte[][] Values = Bytes(
        "null", "true", "false", "[]", "{}", "\"\"", "\"\\ud800\"", "\"\\u0000\"", "\"Ġ\"", "\"w\"", "\"a b\"", "\"../x.safetensors\"", "\"F32\"", "\"F64\"", "\"BF16\"", "\"I64\"", "[0,0]", "[0]",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");

    /// <summary>Among them text that is not UTF-8, and a byte order mark.</summary>
    private static readonly byte[][] Parts =
    [
        .. Values, .. Bytes("{", "}", "[", "]", ",", ":", "\"", "\\", " ", "\n", "//", "\"w\":0,", "\"shape\":[2],", "\"type\":\"BPE\",", "00", "1.", "NaN"),
        [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xEF, 0xBB, 0xBF], [0],
    ];

    private readonly Random random = new(seed);

    public int Next(int below) => random.Next(below);

    public bool OneIn(int n) => random.Next(n) == 0;

    /// <summary>A copy with one piece of damage, or two or three.</summary>
    public byte[] Of(byte[] json)
    {
        var bytes = json;
        for (var n = OneIn(3) ? 1 + random.Next(3) : 1; n > 0; n--) bytes = Once(bytes);
        return bytes;
    }

    private byte[] Once(byte[] b)
    {
        if (b.Length == 0) return Parts[random.Next(Parts.Length)];
        var at = random.Next(b.Length);
        var (begin, length) = Value(b, at);
        switch (random.Next(16))        // half of it leaves JSON behind, which then is wrong in itself
        {
            case 0:
                var flipped = (byte[])b.Clone();
                flipped[at] ^= (byte)(1 << random.Next(8));
                return flipped;
            case 1 or 2 or 3 or 4:
                (begin, length) = Number(b, at);
                return [.. b[..begin], .. Numbers[random.Next(Numbers.Length)], .. b[(begin + length)..]];
            case 5 or 6:
                return [.. b[..begin], .. Values[random.Next(Values.Length)], .. b[(begin + length)..]];
            case 7 or 8 or 9:
                var (other, size) = Value(b, random.Next(b.Length));
                if (other < begin) (begin, length, other, size) = (other, size, begin, length);
                return other < begin + length ? b : [.. b[..begin], .. b[other..(other + size)], .. b[(begin + length)..other], .. b[begin..(begin + length)], .. b[(other + size)..]];
            case 10 or 11:
                return [.. b[..at], .. Parts[random.Next(Parts.Length)], .. b[at..]];
            case 12 or 13:
                return [.. b[..at], .. b[Math.Min(b.Length, at + 1 + random.Next(12))..]];
            case 14:
                return [.. b[..(begin + length)], .. b[begin..]];
            default:
                return OneIn(2) ? b[..at] : b[..^Math.Min(b.Length, 1 + random.Next(4))];
        }
    }

    /// <summary>The next run of digits from a place on, or nothing at the place.</summary>
    private static (int Begin, int Length) Number(byte[] b, int at) => Run(b, at, c => c is >= (byte)'0' and <= (byte)'9');

    /// <summary>The next string, number or word from a place on, quotes included.</summary>
    private static (int Begin, int Length) Value(byte[] b, int at) => Run(b, at, c => c is (byte)'"' or (byte)'_' or (byte)'.' or (byte)'-' || char.IsAsciiLetterOrDigit((char)c) || c > 127);

    private static (int Begin, int Length) Run(byte[] b, int at, Predicate<byte> belongs)
    {
        var begin = at;
        while (begin > 0 && belongs(b[at]) && belongs(b[begin - 1])) begin--;
        while (begin < b.Length && !belongs(b[begin])) begin++;
        if (begin == b.Length) return (at, 0);
        var end = begin;
        while (end < b.Length && belongs(b[end])) end++;
        return (begin, end - begin);
    }

    private static byte[][] Bytes(params string[] texts) => [.. texts.Select(Encoding.UTF8.GetBytes)];
}
