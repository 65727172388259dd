using System.CommandLine;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Host.Features.Replaying;
using Ledger.Host.Features.Working;

namespace Ledger.Host.Cli;

internal static class ReplayCommand
{
    public static Command Create(Face face)
    {
        var source = new Argument<string?>("SOURCE") { Description = "What to replay: a timeline, or a revision up to which; default the head of --timeline. Without a revision, a replay that was begun goes on to the end it was begun with.", Arity = ArgumentArity.ZeroOrOne };
        var name = new Option<string>("--as") { Description = "The new timeline's name.", Required = true, HelpName = "NAME" };
        var from = new Option<string?>("--from") { Description = "Keep the history up to this revision as it is and replay what comes after; default 0, the base.", HelpName = "REVISION" };
        var variant = new Option<string?>("--variant", "-v") { Description = "Replay under this variant; default each edit's own." };
        variant.AcceptOnlyFromAmong([.. VariantNames.All.Select(v => v.Name())]);
        var mode = new Option<string?>("--mode")
        {
            Description = "factors: u and r as recorded, every outcome stands. values: out and r anew from the recorded keys and v_e, judged anew, from events alone. optimise: everything anew on the replayed model. "
                + "auto: values, but optimise where v_e was found on a different model. Default factors, or values with --variant.",
        };
        mode.AcceptOnlyFromAmong("factors", "values", "optimise", "auto");
        var without = new Option<string[]>("--without") { Description = "Leave this edit out, with every decision about it; may be given several times.", HelpName = "EDIT" };
        var only = new Option<string[]>("--only") { Description = "Replay this edit and no others; may be given several times.", HelpName = "EDIT" };
        var order = new Option<string?>("--order") { Description = "A file that names every edit in the new order, one id a line, # for remarks; decisions follow behind the edits.", HelpName = "FILE" };
        var gate = new Option<string?>("--gate") { Description = "off: rules are computed and written down, and stop nothing; or a policy that this ledger has had; default the present one.", HelpName = "off|POLICY" };
        var outcomes = new Option<string?>("--outcomes") { Description = "as-recorded: what was let in is let in and what was stopped is stopped, whatever the gate finds." };
        outcomes.AcceptOnlyFromAmong("as-recorded");
        var purpose = new Option<string?>("--purpose") { Description = "What it is for; recorded.", HelpName = "TEXT" };
        var queue = QueueOption.Create();
        var command = new Command("replay", "Make a history again as a timeline of its own: under another variant, without an edit, in another order. Given again, it goes on where it was stopped.")
        {
            source, name, from, variant, mode, without, only, order, gate, outcomes, purpose, queue,
        };
        face.Bind(command, async (parsed, printer, token) =>
        {
            var timeline = CommonOptions.TimelineOf(parsed);
            var replayed = CommonOptions.RevisionsOf(parsed, parsed.GetValue(source) is { } written ? [written] : null)[0];
            var request = new ReplayTimeline.Request(
                CommonOptions.LedgerOf(parsed), replayed, parsed.GetValue(from) is { } at ? RevisionName.Parse(at, replayed.Timeline ?? timeline) : null, parsed.GetRequiredValue(name),
                parsed.GetValue(mode) switch { null => null, "factors" => ReplayMode.Factors, "values" => ReplayMode.Values, "optimise" => ReplayMode.Optimise, _ => ReplayMode.Auto },
                VariantNames.TryParse(parsed.GetValue(variant), out var v) ? v : null, parsed.GetValue(without) ?? [], parsed.GetValue(only) ?? [], ReadOrder(parsed.GetValue(order)),
                parsed.GetValue(gate), parsed.GetValue(outcomes) is not null, parsed.GetValue(purpose), parsed.GetValue(CommonOptions.Model), CommonOptions.AuthorOf(parsed), null);
            if (parsed.GetValue(queue)) return QueueOption.Print(printer, await face.Mediator.Send(new QueueReplay.Request(request), token));
            var lines = new List<ReplayTimeline.Line>();
            var waiting = new ProgressLine(face);
            var result = await face.Mediator.Send(request with { Progress = new Steps(printer, waiting, lines) }, token);
            waiting.Clear();
            if (printer.IsJson) printer.Json(result);
            else Print(printer, result, lines);
            return result.Stopped ? Errors.Failed : Errors.Done;
        });
        return command;
    }

    private static IReadOnlyList<string> ReadOrder(string? file)
    {
        if (file is null) return [];
        try
        {
            var edits = File.ReadLines(file).Select(l => l.Split('#')[0].Trim()).Where(l => l.Length > 0).ToList();
            return edits.Count > 0 ? edits : throw new SetupException($"{file} names no edit.", "name every edit that is replayed, one id a line");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new SetupException($"{file} cannot be read: {e.Message}", "name a file with one edit id a line");
        }
    }

    private static void Print(Printer printer, ReplayTimeline.Result r, IReadOnlyList<ReplayTimeline.Line> lines)
    {
        printer.Table(
            ["rev", "edit", "from", "variant", "outcome", "|Δ| there", "|Δ| here", "k·u ratio", "m₀ shift", "fact"],
            [.. lines.Select(l => new[]
            {
                $"{l.Revision}", l.Edit.Short(), l.Source.Short(), l.SourceVariant == l.Variant ? l.Variant.Name() : $"{l.SourceVariant.Name()} → {l.Variant.Name()}", Outcome(l),
                Say.Small(l.SourceAbsDelta), Say.Small(l.AbsDelta), Say.Number(l.KvU / l.KuU),
                l.Shift is { } s ? Say.Number(s) + (l.DifferentModel ? " ▲" : "") : l.How == ReplayMode.Optimise ? "found anew" : "",
                Say.Fact(l.Prompt, l.Subject, l.Target),
            })],
            flexible: 9);
        printer.Line();
        printer.Line($"{r.Timeline}: {r.Source}@{r.From + 1} to @{r.To} replayed ({r.Mode.ToString().ToLowerInvariant()}), {r.Applied} let in{(r.Released > 0 ? $", {r.Released} of them released" : "")}, {r.Quarantined} quarantined, {r.Rejected} rejected"
            + (r.Before > 0 ? $", {Say.Count(r.Before, "step")} done before" : "") + $"; now at {r.Timeline}@{r.Head}");
        if (r.WouldStop > 0) printer.Field("gate", $"{Say.Count(r.WouldStop, "edit")} let in that a rule caught: it only observes, or what was recorded is kept");
        if (r.Unasked > 0) printer.Field("gate", $"the rule unreached was not evaluated for {Say.Count(r.Unasked, "edit")}: it needs a pass through the edited model, which --mode optimise makes");
        if (r.Flagged > 0) printer.Field("▲", $"{Say.Count(r.Flagged, "edit")} with a v_e that was found on a different model (m₀ shift over {Say.Number(Projections.Replay.Replayer.DifferentModel)}): --mode auto finds it anew");
        printer.Field("state", $"{r.State.Value.Short()}   " + (r.Fingerprint is { } f ? $"fingerprint {f.Short()}" : r.WithoutFingerprint is { } why ? $"no fingerprint: {Say.OneLine(why)}" : ""));
        printer.Line();
        printer.Line(r.Stopped ? "Stopped between two steps; everything so far is recorded. The same command goes on."
            : $"Next: ledger compare {r.Source} {r.Timeline}      ledger log -T {r.Timeline}      give it up: ledger close {r.Timeline} --reason \"…\"");
    }

    private static string Outcome(ReplayTimeline.Line l)
    {
        var here = l.Outcome.ToString().ToLowerInvariant();
        return (l.Released ? "released" : l.Outcome == l.Recorded ? here : $"{l.Recorded.ToString().ToLowerInvariant()} → {here}") + (l.Caught is { } caught ? $" ({Say.Rule(caught)})" : "");
    }

    private sealed class Steps(Printer printer, ProgressLine waiting, List<ReplayTimeline.Line> lines) : IProgress<ReplayTimeline.Step>
    {
        public void Report(ReplayTimeline.Step value)
        {
            waiting.Show(value.Done, value.Total, $"{value.Done} of {value.Total} steps", "step");
            if (value.Edit is not { } line) return;
            if (printer.IsJson) printer.Json(line);
            else lines.Add(line);
        }
    }
}
