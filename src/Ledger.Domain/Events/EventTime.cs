using System.Globalization;

namespace Ledger.Domain.Events;

/// <summary>Times as texts, in one fixed form, <c>2026-11-24T05:06:07.1234567Z</c>, so that the same instant has the same bytes.</summary>
public static class EventTime
{
    public const string Format = "yyyy-MM-ddTHH:mm:ss.fffffffZ";

    public static string Text(DateTimeOffset time) => time.UtcDateTime.ToString(Format, CultureInfo.InvariantCulture);

    public static bool TryParse(string? text, out DateTimeOffset time) =>
        DateTimeOffset.TryParseExact(text, Format, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time);

    /// <exception cref="FormatException">It has another form.</exception>
    public static DateTimeOffset Parse(string text) => TryParse(text, out var time) ? time : throw new FormatException($"\"{text}\" is not a time: {Format}.");
}
