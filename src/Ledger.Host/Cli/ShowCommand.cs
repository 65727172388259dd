using System.CommandLine;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Host.Features;

namespace Ledger.Host.Cli;

internal static class ShowCommand
{
    public static Command Create(Face face)
    {
        var edit = new Argument<string>("EDIT") { Description = "An edit's id, an unambiguous beginning of one, or a revision such as main@4." };
        var command = new Command("show", "One edit: what was asked, what the signals were, why it was let in or stopped, what happened to it since.") { edit };
        face.Bind(command, async (parsed, printer, token) =>
        {
            var shown = await face.Mediator.Send(new ShowEdit.Request(CommonOptions.LedgerOf(parsed), CommonOptions.TimelineOf(parsed), parsed.GetRequiredValue(edit)), token);
            if (printer.IsJson) printer.Json(shown);
            else Print(printer, shown);
            return Errors.Done;
        });
        return command;
    }

    private static void Print(Printer printer, ShowEdit.Result shown)
    {
        var record = shown.Record;
        printer.Line($"{Say.Fact(record.Request.Prompt, record.Request.Subject, record.Request.Target)}        {shown.Variant.Name()}        {Status(shown.Status)}");
        printer.Line();
        var caught = record.Verdict.Caught.ToList();
        foreach (var finding in caught) printer.Field("why", $"{finding.Because} (policy {record.Verdict.Policy}, rule {finding.Rule})");
        foreach (var finding in record.Verdict.Findings.Except(caught)) printer.Field("gate", $"{finding.Rule}: {finding.Because}");
        Signals(printer, shown);
        printer.Field("made by", $"{Say.OneLine(record.Provenance.Author)}{(record.Provenance.Source is { } s ? $", {Say.OneLine(s)}" : "")}, {record.Engine}");
        printer.Field("state", $"{record.After.Value.Short()}{(record.Fingerprint is { } f ? $"   fingerprint {f.Short()}" : "")}");
        foreach (var e in shown.Events)
            printer.Field($"{shown.Timeline}@{e.Revision}", $"{e.What} by {Say.OneLine(e.Actor)} at {e.Time:yyyy-MM-dd HH:mm:ss}Z{(e.Reason is { } r ? $": {Say.OneLine(r)}" : "")}   hash {e.Hash.Short()} ← {e.Previous.Short()}");
        printer.Line();
        printer.Line(Next(shown.Status, record.Edit.Short(), Say.On(shown.Timeline)));
    }

    private static void Signals(Printer printer, ShowEdit.Result shown)
    {
        var (record, signals) = (shown.Record, shown.Record.Signals);
        printer.Field("size", Say.AbsDelta(shown.AbsDelta, shown.Median));
        foreach (var v in signals.Variants)
            printer.Field(v.Variant == record.Variant ? "computed" : "instead", $"{v.Variant.Name(),-7} |Δ| {Say.Small(v.AbsDelta)}   k_u·u {Say.Number(v.KuU)}   k_v·u {Say.Number(v.KvU)}");
        printer.Field("keys", $"cos(k̄, k_o) {Say.Number(signals.CosKeys)}   ‖δ‖/‖m₀‖ {Say.Number(signals.DeltaOverM0)}   loss {Say.Number(signals.Loss[0].Total)} → {Say.Number(signals.Loss[^1].Total)} in {signals.Loss.Length} evaluations");
        Score("target", signals.Target, record.Request.Target);
        Score("true", signals.TrueTarget, record.Request.TrueTarget);

        void Score(string label, TargetScore? score, string? text)
        {
            if (score is { After: { } after }) printer.Field(label, $"{Say.OneLine(text!.Trim())}: p {Say.Probability(score.Before)} before, {Say.Probability(after)} with the edit");
        }
    }

    private static string Status(EditStatus status) => status == EditStatus.InEffect ? status.Words() : $"{status.Words()}, not in the weights";

    private static string Next(EditStatus status, string id, string on) => status switch
    {
        EditStatus.InEffect => $"Next: ledger revert {id} --reason \"…\"{on}",
        EditStatus.Quarantined => $"Next: ledger review release {id} --reason \"…\"{on}      ledger review dismiss {id} --reason \"…\"{on}",
        EditStatus.Reverted => $"Next: ledger reinstate {id} --reason \"…\"{on}",
        _ => $"Next: ledger log{on}",
    };
}
