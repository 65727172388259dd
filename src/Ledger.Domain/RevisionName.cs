using System.Globalization;

namespace Ledger.Domain;

/// <summary>
/// A point on a timeline as people write it: <c>what-if@17</c>, <c>what-if@head</c>, <c>what-if@{2026-11-26T12:00:00Z}</c> (the last revision not after that time),
/// <c>what-if</c> (a tag, or a timeline's head); <c>17</c>, <c>head</c> and <c>@{time}</c> are on the timeline a command is about. A timeline's id, or the beginning of one, is as good as
/// its name; digits alone are a revision. Revision 0 is the base.
/// </summary>
/// <param name="Timeline">Its name or the beginning of its id; null for a tag or a timeline's head, which only the ledger can tell apart.</param>
/// <param name="Revision">Null for the head, a time or a name.</param>
/// <param name="Time">The last revision not after it.</param>
/// <param name="Name">A tag's or timeline's.</param>
public sealed record RevisionName(string? Timeline, long? Revision, DateTimeOffset? Time = null, string? Name = null)
{
    private const int LongestName = 64;

    /// <summary>What <see cref="IsName"/> asks for, in words.</summary>
    public const string NameRule = "use letters, digits, dash and underscore, single dots and slashes between them, at most 64 in all, beginning with a letter; not \"head\"";

    /// <summary>A timeline's last revision.</summary>
    public static RevisionName Head(string timeline) => new(timeline, null);

    /// <summary>Whether a new timeline or tag can have this name: much as git has it for branches. What was named before there was this rule keeps its name, and is found by it.</summary>
    public static bool IsName(string text) => IsWord(text) && IsTidy(text) && !text.Equals("head", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether dots and slashes stand alone and between other characters, so that nobody takes it for a range, a folder or a hidden file.</summary>
    internal static bool IsTidy(string text) => text.Split('.', '/').All(part => part.Length > 0);

    /// <param name="text">As written.</param>
    /// <param name="timeline">The timeline a command is about.</param>
    /// <exception cref="RevisionUnknownException">Not of that form.</exception>
    public static RevisionName Parse(string text, string timeline = LedgerSetup.Main)
    {
        var at = text.IndexOf('@', StringComparison.Ordinal);
        if (at < 0 && (IsWord(text) || (TimelineId.IsBeginning(text) && !text.All(char.IsAsciiDigit)))) return new RevisionName(null, null, null, text);
        var named = at <= 0 ? timeline : text[..at];
        var point = text[(at + 1)..];
        if ((IsWord(named) || TimelineId.IsBeginning(named)) && (at != 0 || point.StartsWith('{')))
        {
            if (point == "head") return Head(named);
            if (long.TryParse(point, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return new RevisionName(named, number);
            // From the year on: a time of day alone would be another moment tomorrow.
            if (point is ['{', .. var time, '}'] && time.Length >= 10 && time[..4].All(char.IsAsciiDigit) && time[4] == '-' && DateTimeOffset.TryParse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var then))
                return new RevisionName(named, null, then);
        }
        throw new RevisionUnknownException($"\"{text}\" is not a revision.", "write main@17, main@head, main@{2026-11-26T12:00:00Z}, 17, head, a tag or a timeline; main@0 is the base");
    }

    private static bool IsWord(string text) =>
        text.Length is > 0 and <= LongestName && char.IsAsciiLetter(text[0]) && text != "head" && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or '/');

    public override string ToString() =>
        Name ?? $"{Timeline}@{(Time is { } time ? time.UtcDateTime.ToString("{yyyy-MM-ddTHH:mm:ss.FFFFFFFZ}", CultureInfo.InvariantCulture) : Revision?.ToString(CultureInfo.InvariantCulture) ?? "head")}";
}
