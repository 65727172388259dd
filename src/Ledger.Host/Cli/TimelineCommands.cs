using System.CommandLine;
using System.Globalization;
using Ledger.Domain;
using Ledger.Host.Features;

namespace Ledger.Host.Cli;

/// <summary>Timelines themselves: start one, name a revision, list and close them.</summary>
internal static class TimelineCommands
{
    public static Command Branch(Face face)
    {
        var name = new Argument<string>("NAME") { Description = "The new timeline's name." };
        var from = new Option<string?>("--from") { Description = "Where it leaves: what-if@17, main@head, 17, a tag; default the head of --timeline.", HelpName = "REVISION" };
        var purpose = new Option<string?>("--purpose") { Description = "What it is for; recorded.", HelpName = "TEXT" };
        var command = new Command("branch", "Start a timeline at any revision: one event, nothing is copied, the parent does not notice.") { name, from, purpose };
        face.Bind(command, async (parsed, printer, token) =>
        {
            var at = CommonOptions.RevisionsOf(parsed, parsed.GetValue(from) is { } written ? [written] : null)[0];
            var r = await face.Mediator.Send(new Branch.Request(new StartBranch(parsed.GetRequiredValue(name), at, parsed.GetValue(purpose), CommonOptions.AuthorOf(parsed)), CommonOptions.LedgerOf(parsed)), token);
            if (printer.IsJson)
            {
                printer.Json(r);
                return Errors.Done;
            }
            printer.Line($"{r.Timeline} begins at {r.Parent}@{r.Revision}; its first edit makes {r.Timeline}@{r.Revision + 1}");
            printer.Line();
            printer.Line($"Next: ledger edit … -T {r.Timeline}      ledger log -T {r.Timeline}      give it up: ledger close {r.Timeline} --reason \"…\"");
            return Errors.Done;
        });
        return command;
    }

    public static Command Tag(Face face)
    {
        var name = new Argument<string>("NAME") { Description = "The tag." };
        var at = new Argument<string?>("REVISION") { Description = "The revision it names; default the head of --timeline.", Arity = ArgumentArity.ZeroOrOne };
        var move = new Option<bool>("--move") { Description = "Let a tag that is there already name this revision from now on." };
        var command = new Command("tag", "Give a revision a name.") { name, at, move };
        face.Bind(command, async (parsed, printer, token) =>
        {
            var revision = CommonOptions.RevisionsOf(parsed, parsed.GetValue(at) is { } written ? [written] : null)[0];
            var r = await face.Mediator.Send(new Tag.Request(CommonOptions.LedgerOf(parsed), parsed.GetRequiredValue(name), revision, parsed.GetValue(move), CommonOptions.AuthorOf(parsed)), token);
            if (printer.IsJson) printer.Json(r);
            else printer.Line($"{r.Tag} names {r.Timeline}@{r.Revision}");
            return Errors.Done;
        });
        return command;
    }

    public static Command Close(Face face)
    {
        var name = new Argument<string>("TIMELINE") { Description = "The timeline." };
        var reason = DecisionCommands.Reason();
        var command = new Command("close", "End a timeline: what it holds stays and can be branched from, nothing more is added.") { name, reason };
        face.Bind(command, async (parsed, printer, token) =>
        {
            var r = await face.Mediator.Send(new CloseTimeline.Request(new EndTimeline(parsed.GetRequiredValue(name), parsed.GetRequiredValue(reason), CommonOptions.AuthorOf(parsed)), CommonOptions.LedgerOf(parsed)), token);
            if (printer.IsJson) printer.Json(r);
            else printer.Line($"{r.Timeline} is closed.   To go on from it: ledger branch NAME --from {r.Timeline}");
            return Errors.Done;
        });
        return command;
    }

    public static Command List(Face face)
    {
        var command = new Command("timelines", "The timelines of the ledger: where each left its parent, how far it is, what it is for.");
        face.Bind(command, async (parsed, printer, token) =>
        {
            var r = await face.Mediator.Send(new ListTimelines.Request(CommonOptions.LedgerOf(parsed)), token);
            if (printer.IsJson)
                foreach (var line in r.Timelines) printer.Json(line);
            else
                printer.Table(
                    ["timeline", "from", "head", "made by", "tags", "for"],
                    [.. r.Timelines.Select(t => new[]
                    {
                        t.Timeline, t.Parent is null ? "" : $"{t.Parent}@{t.Fork}", t.Head.ToString(CultureInfo.InvariantCulture), t.Origin.ToString().ToLowerInvariant(), string.Join(" ", t.Tags),
                        Say.OneLine(t.Purpose) + (t.Closed is { } why ? $" (closed: {Say.OneLine(why)})" : ""),
                    })],
                    flexible: 5);
            return Errors.Done;
        });
        return command;
    }
}
