using System.Globalization;
using Ledger.Domain;
using Ledger.Domain.Editing;

namespace Ledger.Host.Cli;

/// <summary>How numbers, times and facts are put into words.</summary>
internal static class Say
{
    /// <summary>2.2e-5.</summary>
    public static string Small(double x) => x == 0 ? "0" : x.ToString("0.0e-0", CultureInfo.InvariantCulture);

    public static string Number(double x) =>
        Math.Abs(x) is var a && a >= 100 ? x.ToString("0", CultureInfo.InvariantCulture) : a is > 0 and < 0.01 ? x.ToString("0.0000", CultureInfo.InvariantCulture) : x.ToString("0.00", CultureInfo.InvariantCulture);

    public static string Percent(double p) => p switch
    {
        >= 0.01 => (100 * p).ToString("0", CultureInfo.InvariantCulture) + "%",
        >= 0.0001 => (100 * p).ToString("0.00", CultureInfo.InvariantCulture) + "%",
        _ => "<0.01%",
    };

    /// <summary>n as the probability a person expects.</summary>
    public static string Probability(double n) => Percent(TargetScore.Probability(n));

    public static string Count(long n) => n.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>"1 edit", "2,000 edits".</summary>
    public static string Count(long n, string what) => $"{Count(n)} {what}{(n == 1 ? "" : "s")}";

    public static string Seconds(double s) => s switch
    {
        < 1 => $"{1000 * s:0} ms",
        < 100 => $"{s:0.0} s",
        < 6000 => $"{s / 60:0} min",
        _ => $"{s / 3600:0.0} h",
    };

    /// <summary>"4.2 edits/s", "8.1 s an edit".</summary>
    public static string Rate(double aSecond, string what) => aSecond >= 1 ? $"{aSecond:0.0} {what}s/s" : $"{Seconds(1 / aSecond)} {("aeiou".Contains(what[0]) ? "an" : "a")} {what}";

    /// <summary>|Δ| beside what is usual: "|Δ| 2.8e-3, 160 × this ledger's median".</summary>
    public static string AbsDelta(double x, double? median)
    {
        if (median is not > 0 || !double.IsFinite(x)) return $"|Δ| {Small(x)}";
        var ratio = x / median.Value;
        return $"|Δ| {Small(x)}" + (ratio is > 0.2 and < 5 ? " (typical)" : $", {Number(ratio)} × this ledger's median");
    }

    /// <summary>The option that a command about another timeline than <c>main</c> needs.</summary>
    public static string On(string timeline) => timeline == LedgerSetup.Main ? "" : $" -T {timeline}";

    /// <summary>"Danielle Darrieux · The mother tongue of {} is → English".</summary>
    public static string Fact(string prompt, string subject, string target) => $"{OneLine(subject)} · {OneLine(prompt)} → {OneLine(target.Trim())}";

    /// <summary>The beginning of a text that may be pages long.</summary>
    public static string Short(string text, int most = 100) => OneLine(text.Length <= most ? text : text[..(most - (char.IsHighSurrogate(text[most - 2]) ? 2 : 1))] + "…");

    /// <summary>What two sides have: once where it is the same.</summary>
    public static string Both(string a, string b) => a == b ? a : $"{a} | {b}";

    /// <summary>The rule of a finding in words: "key-asymmetry"; nothing where no rule caught the edit.</summary>
    public static string Rule(string? caught) => caught is null ? "" : caught[(caught.LastIndexOf("rule ", StringComparison.Ordinal) + 5)..^1];

    public static string Ago(DateTimeOffset then, DateTimeOffset now) => (now - then) switch
    {
        { TotalMinutes: < 1 } => "just now",
        { TotalHours: < 1 } d => $"{d.TotalMinutes:0} min ago",
        { TotalDays: < 1 } d => $"{d.TotalHours:0} h ago",
        { TotalDays: < 30 } d => $"{d.TotalDays:0} d ago",
        _ => then.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
    };

    /// <summary>Text from a request, on one line and without anything a terminal would obey: no control characters, and none that turn the direction of what follows.</summary>
    public static string OneLine(string text) => string.Concat(text.Select(c => c is '\n' or '\u2028' or '\u2029' ? "⏎" : char.IsControl(c) || Turns(c) ? "·" : c.ToString()));

    /// <summary>Unicode's Bidi_Control.</summary>
    private static bool Turns(char c) => c is '\u061C' or '\u200E' or '\u200F' or (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069');
}
