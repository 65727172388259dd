using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Host.Features;
using Ledger.Projections.Timelines;

namespace Ledger.Host.Cli;

/// <summary><c>log --graph</c> for people: the lines of all timelines on the left, a revision a line on the right.</summary>
internal static class LogGraph
{
    private static readonly ShowGraph.Point Base = new(LedgerSetup.Main, 0);

    /// <param name="most">How many revisions to show, the newest.</param>
    public static void Print(Printer printer, ShowGraph.Result log, int most, DateTimeOffset now)
    {
        var newestFirst = log.Lines.Reverse().ToList();
        var names = log.Names.ToLookup(n => n.At, n => n.Text);
        printer.Table(
            ["", "rev", "edit", "variant", "outcome", "|Δ|", "k·u", "fact", "who", "when", ""],
            [.. GraphLayout.Draw(Nodes(newestFirst), most < newestFirst.Count ? most : newestFirst.Count + 1).Select(Row)],
            flexible: 7);
        if (most < newestFirst.Count) printer.Line($"… {Say.Count(newestFirst.Count - most, "older revision")}");

        string[] Row(GraphRow row) => row.Node switch
        {
            null => [row.Lines, .. Enumerable.Repeat("", 10)],
            { } n when n == newestFirst.Count => [row.Lines, "0", "", "", "the base", "", "", "", "", "", Named(Base)],
            { } n => [row.Lines, .. Cells(newestFirst[n]), Named(newestFirst[n].At())],
        };

        string Named(ShowGraph.Point at) => names[at].Any() ? $"({string.Join("; ", names[at])})" : "";

        string[] Cells(ShowGraph.Line l) =>
        [
            $"{l.Revision}", l.Edit?.Short() ?? "", l.Variant?.Name() ?? "", l.What + (l.Caught is null ? "" : $" ({l.Caught})"), l.AbsDelta is { } d ? Say.Small(d) + (l.Caught is null ? "" : " ▲") : "",
            l.KvU is { } ku ? Say.Number(ku) : "",
            LogCommand.Fact(l.Edits, l.Prompt, l.Subject, l.Target) + (l.Source is { } from ? $" from {from.Timeline}@{from.Revision}" : ""), Say.OneLine(l.Actor), Say.Ago(l.Time, now),
        ];
    }

    /// <summary>The revisions and, as the last, the base.</summary>
    private static List<GraphNode> Nodes(List<ShowGraph.Line> newestFirst)
    {
        var places = newestFirst.Select((l, i) => (At: l.At(), i)).ToDictionary(p => p.At, p => p.i);
        places[Base] = newestFirst.Count;
        var lines = new Dictionary<string, int> { [LedgerSetup.Main] = 0 };
        foreach (var l in newestFirst) lines.TryAdd(l.Timeline, lines.Count);
        return
        [
            .. newestFirst.Select(l => new GraphNode(lines[l.Timeline], places[l.Parent], l is { What: "merged", Source: { } source } ? places[source] : null)),
            new GraphNode(0, null),
        ];
    }
}
