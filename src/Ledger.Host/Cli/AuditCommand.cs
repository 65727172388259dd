using System.CommandLine;
using System.Globalization;
using Ledger.Domain.Editing;
using Ledger.Domain.Gate;
using Ledger.Host.Features;
using Ledger.Projections.Timelines;

namespace Ledger.Host.Cli;

internal static class AuditCommand
{
    private static readonly string[] Formats = ["table", "jsonl", "csv"];
    private static readonly string[] Times = ["yyyy-MM-ddTHH:mm:ss.FFFFFFFK", "yyyy-MM-dd HH:mm:ss.FFFFFFFK", "yyyy-MM-ddTHH:mmK", "yyyy-MM-dd HH:mmK"];

    public static Command Create(Face face)
    {
        var prompt = Text("--prompt", "Only edits of this prompt, written with {} for the subject.");
        var subject = Text("--subject", "Only edits about this subject.");
        var relation = Text("--relation", "Only edits of this relation, such as P103.");
        var variant = new Option<string?>("--variant", "-v") { Description = "Only where factors of this variant count." };
        variant.AcceptOnlyFromAmong([.. VariantNames.All.Select(v => v.Name())]);
        var outcome = new Option<string?>("--outcome") { Description = "Only factors of which the gate made this." };
        outcome.AcceptOnlyFromAmong([.. Enum.GetNames<Outcome>().Select(o => o.ToLowerInvariant())]);
        var since = Time("--since", "Not before this time, in UTC where it does not say: 2026-11-26, 2026-11-26T12:00:00+01:00.");
        var until = Time("--until", "Not after this time; a day is meant whole.");
        var format = new Option<string>("--format") { Description = "table for people; jsonl or csv with every field, for programs and spreadsheets.", DefaultValueFactory = _ => Formats[0] };
        format.AcceptOnlyFromAmong(Formats);
        var command = new Command("audit", "Who changed what, when and why: every revision that fits what is asked for, of all timelines (whatever LEDGER_TIMELINE says) or, with --timeline, of one with what it inherited. With --author only what this person or policy did, and what others did to this person's edits.")
        {
            prompt, subject, relation, variant, outcome, since, until, format,
        };
        command.Check(parsed =>
        {
            if (parsed.GetValue(CommonOptions.Json) && parsed.Given([format]).Any() && parsed.GetValue(format) != "jsonl") parsed.AddError("--json is --format jsonl: leave one of them out.");
        });
        face.Bind(command, async (parsed, printer, token) =>
        {
            var filter = new AuditFilter
            {
                Prompt = parsed.GetValue(prompt), Subject = parsed.GetValue(subject), Relation = parsed.GetValue(relation), Author = parsed.GetValue(CommonOptions.Author),
                Variant = VariantNames.TryParse(parsed.GetValue(variant), out var v) ? v : null,
                Outcome = Enum.TryParse<Outcome>(parsed.GetValue(outcome), ignoreCase: true, out var o) ? o : null,
                From = Parse(parsed.GetValue(since), wholeDay: false), Until = Parse(parsed.GetValue(until), wholeDay: true),
            };
            // An audit that nobody narrows is of everything, whatever LEDGER_TIMELINE says.
            var lines = await face.Mediator.Send(new ShowAudit.Request(CommonOptions.LedgerOf(parsed), parsed.GetValue(CommonOptions.Timeline), filter), token);
            if (printer.IsJson || parsed.GetValue(format) == "jsonl")
                foreach (var line in lines) printer.Json(line);
            else if (parsed.GetValue(format) == "csv") printer.Csv(lines);
            else if (lines.Count == 0) printer.Line("No revision fits.");
            else Print(printer, lines);
            return Errors.Done;
        });
        return command;
    }

    private static void Print(Printer printer, IReadOnlyList<ShowAudit.Line> lines) => printer.Table(
        ["when (UTC)", "revision", "what", "who", "edit", "variant", "|Δ|", "k·u", "fact", "now", "why"],
        [.. lines.Select(l => new[]
        {
            l.Time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture), $"{l.Timeline}@{l.Revision}", l.What + (l.Caught is null ? "" : $" ({l.Caught})"), Say.OneLine(l.Actor),
            l.Edit.Short(), l.Variant.Name(), l.AbsDelta is { } d ? Say.Small(d) + (l.Caught is null ? "" : " ▲") : "", l.KvU is { } ku ? Say.Number(ku) : "",
            Say.Fact(l.Prompt, l.Subject, l.Target), l.Status == Domain.EditStatus.InEffect ? "in effect" : l.Status.ToString().ToLowerInvariant(), Say.OneLine(l.Reason ?? ""),
        })],
        flexible: 8);

    private static Option<string?> Text(string name, string description, string value = "TEXT") => new(name) { Description = description, HelpName = value };

    private static Option<string?> Time(string name, string description)
    {
        var option = Text(name, description, "TIME");
        option.Check(given =>
        {
            if (given.GetValueOrDefault<string?>() is { } text && Parse(text, wholeDay: false) is null) given.AddError($"\"{text}\" is not a time: write {name} 2026-11-26 or {name} 2026-11-26T12:00:00Z.");
        });
        return option;
    }

    /// <returns>Null for none, and for what is not a time.</returns>
    private static DateTimeOffset? Parse(string? text, bool wholeDay)
    {
        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        if (DateTimeOffset.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, Utc, out var day)) return wholeDay ? day.AddTicks(TimeSpan.TicksPerDay - 1) : day;
        return DateTimeOffset.TryParseExact(text, Times, CultureInfo.InvariantCulture, Utc, out var time) ? time : null;
    }
}
