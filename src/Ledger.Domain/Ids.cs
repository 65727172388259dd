using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Ledger.Domain;

/// <summary>One edit: random 128 bits, written as 26 letters and digits so that short prefixes stay apart.</summary>
public readonly record struct EditId(UInt128 Value) : IParsable<EditId>
{
    /// <summary>The first eight characters: enough for people.</summary>
    public string Short() => ToString()[..8];

    /// <summary>An id, or a beginning of one, as a person wrote it, in the form that ids have: capitals may be used, and o for 0, i and l for 1.</summary>
    public static string Normal(string written) => Base32.Normal(written);

    public override string ToString() => Base32.Format(Value);

    public static EditId Parse(string s, IFormatProvider? provider = null) => new(Base32.Parse(s, "an edit id"));

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out EditId result)
    {
        var ok = Base32.TryParse(s, out var value);
        result = new EditId(value);
        return ok;
    }
}

/// <summary>One ledger: random 128 bits.</summary>
public readonly record struct LedgerId(UInt128 Value) : IParsable<LedgerId>
{
    public override string ToString() => Base32.Format(Value);

    public static LedgerId Parse(string s, IFormatProvider? provider = null) => new(Base32.Parse(s, "a ledger id"));

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out LedgerId result)
    {
        var ok = Base32.TryParse(s, out var value);
        result = new LedgerId(value);
        return ok;
    }
}

/// <summary>One timeline: random 128 bits; its name is unique in its ledger.</summary>
public readonly record struct TimelineId(UInt128 Value) : IParsable<TimelineId>
{
    /// <summary>Whether a text can be a beginning of an id, and not of a name: names begin with a letter, ids with a digit.</summary>
    public static bool IsBeginning(string written) => written.Length is > 0 and <= Base32.Length && written[0] is >= '0' and <= '7' && written.All(char.IsAsciiLetterOrDigit);

    /// <summary>As <see cref="EditId.Normal"/>.</summary>
    public static string Normal(string written) => Base32.Normal(written);

    public override string ToString() => Base32.Format(Value);

    public static TimelineId Parse(string s, IFormatProvider? provider = null) => new(Base32.Parse(s, "a timeline id"));

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out TimelineId result)
    {
        var ok = Base32.TryParse(s, out var value);
        result = new TimelineId(value);
        return ok;
    }
}

/// <summary>One job: what its key derives, so that the same work that is asked for twice is one job.</summary>
public readonly record struct JobId(UInt128 Value) : IParsable<JobId>
{
    /// <param name="key">The idempotency key of what the job does.</param>
    public static JobId Of(string key) => new(BinaryPrimitives.ReadUInt128BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(key))));

    /// <summary>The first eight characters: enough for people.</summary>
    public string Short() => ToString()[..8];

    /// <summary>As <see cref="EditId.Normal"/>.</summary>
    public static string Normal(string written) => Base32.Normal(written);

    public override string ToString() => Base32.Format(Value);

    public static JobId Parse(string s, IFormatProvider? provider = null) => new(Base32.Parse(s, "a job id"));

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out JobId result)
    {
        var ok = Base32.TryParse(s, out var value);
        result = new JobId(value);
        return ok;
    }
}

/// <summary>128 bits as 26 of <c>0-9a-z</c> without i, l, o, u; the leading character holds the top three bits.</summary>
internal static class Base32
{
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    public const int Length = 26;

    public static string Format(UInt128 value) => string.Create(Length, value, static (span, v) =>
    {
        for (var i = Length - 1; i >= 0; i--, v >>= 5) span[i] = Alphabet[(int)(v & 31)];
    });

    public static string Normal(string written) => string.Concat(written.Trim().ToLowerInvariant().Select(c => c switch { 'o' => '0', 'i' or 'l' => '1', _ => c }));

    public static UInt128 Parse(string s, string what) =>
        TryParse(s, out var value) ? value : throw new FormatException($"\"{s}\" is not {what}: {Length} of {Alphabet}.");

    public static bool TryParse(string? s, out UInt128 value)
    {
        value = 0;
        if (s is not { Length: Length } || s[0] > '7') return false;
        foreach (var c in s)
        {
            var digit = Alphabet.IndexOf(c, StringComparison.Ordinal);
            if (digit < 0) return false;
            value = (value << 5) | (uint)digit;
        }
        return true;
    }
}
