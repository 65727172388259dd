using System.Globalization;

namespace Ledger.Domain;

/// <summary>A point on a timeline as people write it: <c>main@17</c>, <c>main@head</c>, <c>17</c>, <c>head</c>; <c>main@0</c> is the base.</summary>
/// <param name="Timeline">Its name.</param>
/// <param name="Revision">Null for the head.</param>
public sealed record RevisionName(string Timeline, long? Revision)
{
    public static RevisionName Head { get; } = new(LedgerSetup.Main, null);

    /// <exception cref="RevisionUnknownException">Not of that form.</exception>
    public static RevisionName Parse(string text)
    {
        var at = text.IndexOf('@', StringComparison.Ordinal);
        var timeline = at < 0 ? LedgerSetup.Main : text[..at];
        var revision = at < 0 ? text : text[(at + 1)..];
        if (timeline.Length > 0 && revision == "head") return new RevisionName(timeline, null);
        return timeline.Length > 0 && long.TryParse(revision, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? new RevisionName(timeline, number)
            : throw new RevisionUnknownException($"\"{text}\" is not a revision.", "write main@17, main@head, 17 or head; main@0 is the base");
    }

    public override string ToString() => $"{Timeline}@{Revision?.ToString(CultureInfo.InvariantCulture) ?? "head"}";
}
