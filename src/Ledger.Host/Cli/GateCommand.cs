using System.CommandLine;
using System.Text.Json;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Host.Features;

namespace Ledger.Host.Cli;

internal static class GateCommand
{
    public static Command Create(Face face)
    {
        var command = new Command("gate", "The policy that stops edits and watches over those that were let in; with --json in the form that gate set takes.") { Set(face) };
        face.Bind(command, async (parsed, printer, token) =>
        {
            var gate = await face.Mediator.Send(new ShowGate.Request(CommonOptions.LedgerOf(parsed)), token);
            if (printer.IsJson)
            {
                printer.Json(gate.Policy);
                return Errors.Done;
            }
            Print(printer, gate.Policy);
            if (gate.Before.Count > 0) printer.Field("before", string.Join(", ", gate.Before));
            printer.Line();
            printer.Line(gate.Policy.Stream.IsEmpty ? "Next: ledger gate --json > policy.json      then, with a higher version: ledger gate set policy.json" : "Next: ledger watch      ledger stability");
            return Errors.Done;
        });
        return command;
    }

    private static Command Set(Face face)
    {
        var file = new Argument<string>("FILE") { Description = "A policy (JSON; docs/event-format.md, GatePolicy). Its version must be higher than that of an earlier one of the same name." };
        var probe = new Option<string?>("--probe") { Description = "Take the probe's texts from this file: one a line, or a JSON array. They are recorded with the policy.", HelpName = "TEXTS" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Check it; record nothing." };
        var command = new Command("set", "Judge by another policy from now on: edits on every timeline. Verdicts that were given stand.") { file, probe, dryRun };
        face.Bind(command, async (parsed, printer, token) =>
        {
            var policy = PolicyFile.Read(parsed.GetRequiredValue(file), parsed.GetValue(probe));
            var result = await face.Mediator.Send(new SetGate.Request(new SetGatePolicy(policy, CommonOptions.AuthorOf(parsed)), CommonOptions.LedgerOf(parsed), parsed.GetValue(CommonOptions.Model), parsed.GetValue(dryRun)), token);
            if (printer.IsJson)
            {
                printer.Json(result);
                return Errors.Done;
            }
            Print(printer, result.Policy);
            if (result.Perplexity is { } perplexity) printer.Field("", $"the base's perplexity on it is {Say.Number(perplexity)}");
            printer.Field("before", result.Before);
            printer.Line();
            printer.Line(!result.Recorded ? "Sound; a dry run: nothing recorded." : policy.Stream.IsEmpty ? "Next: ledger edit \"…\"" : "Next: ledger watch      looks at what is there already");
            return Errors.Done;
        });
        return command;
    }

    private static void Print(Printer printer, GatePolicy policy)
    {
        printer.Line($"{policy}");
        printer.Table(
            ["  rule", "bound", "action", "looked at"],
            [
                .. policy.Rules.Select(r => new[] { $"  {r.Rule}", Bound(r.Rule, r.Threshold), Name(r.Action), "each edit" }),
                .. policy.Rules.Any(r => r.Rule == Rules.NonFinite) ? Array.Empty<string[]>() : [[$"  {Rules.NonFinite}", "", "reject", "each edit"]],
                .. policy.Stream.Select(r => new[] { $"  {r.Rule}", Bound(r.Rule, r.Threshold), Name(r.Action), $"every {r.Every} revisions" }),
            ],
            flexible: 0);
        if (policy.Probe is { } probe) printer.Field("probe", $"{Say.Count(probe.Texts.Length, "text")}; generations of {probe.Tokens} tokens, seed {probe.Seed}");
    }

    private static string Bound(string rule, double threshold) => rule == Rules.NonFinite ? "" : $"{(rule is Rules.KeyAsymmetry or Rules.Unreached or Rules.Entropy ? "under" : "over")} {Say.Number(threshold)}";

    private static string Name(GateAction action) => JsonSerializer.SerializeToElement(action, EventJson.Options).GetString()!;
}
