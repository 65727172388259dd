using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Domain.Ports;
using Ledger.Host.Sessions;
using Ledger.Projections.Timelines;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Support;

/// <summary>A ledger on any store that somebody decides on at random: edits with every outcome, decisions, branches, merges, cherry-picks, closings, observations beside them. No model is needed for it.</summary>
internal sealed class DecidedLedger
{
    private const int MostTimelines = 5;

    private readonly LedgerSession session;
    private readonly Random random;
    private readonly LedgerId id;
    private int made;

    private DecidedLedger(LedgerSession session, LedgerId id, int seed)
    {
        this.session = session;
        this.id = id;
        random = new Random(seed);
    }

    /// <summary>How often what was appended.</summary>
    public Dictionary<string, int> Happened { get; } = [];

    /// <param name="store">Empty; it is not closed.</param>
    public static async Task<DecidedLedger> OpenAsync(IEventStore store, LedgerId id, int seed, CancellationToken token)
    {
        var ledger = new DecidedLedger(await LedgerSession.ReadAsync(new LedgerPaths("none.ledger"), store, TimeProvider.System, token), id, seed);
        foreach (var e in new SetupEvent[] { Some.Opened with { Ledger = id }, Some.TemplatesDrawn, Some.PolicySet, Some.MainStarted, Some.StatisticsRecorded })
            await ledger.session.AppendAsync(e, CommandContext.For("ana"), token);
        return ledger;
    }

    public async Task StepAsync(CancellationToken token)
    {
        var open = session.Setup.Timelines.Values.Where(t => !session.Setup.Closed.ContainsKey(t.Started.Timeline)).OrderBy(t => t.Started.Name, StringComparer.Ordinal).ToArray();
        var entry = open[random.Next(open.Length)];
        var tip = await session.TipAsync(entry.Started.Name, token);
        switch (random.Next(20))
        {
            case 0 or 1 when session.Setup.Timelines.Count < MostTimelines: await BranchAsync(entry, tip, token); break;
            case 2 or 3 or 4 when open.Length > 1: await TakeAsync(tip, open.First(t => t != entry), token); break;
            case 5: await session.ObserveAsync(entry.Started.Timeline, new CollapseDetected(entry.Started.Timeline, tip.Timeline.Revision, "default@1", "drift", 2, 1, 0, Some.Edit(1), []), CommandContext.For("ana"), token); break;
            case 6 when entry.Started.Name != LedgerSetup.Main && random.Next(4) == 0: await session.AppendAsync(session.Setup.Close(entry.Started.Timeline, "it was only a try"), CommandContext.For("ana"), token); break;
            case < 14 when Decision(tip.Timeline) is { } decision: await AppendAsync(tip, decision, token); break;
            default: await AppendAsync(tip, Edit(tip.Timeline), token); break;
        }
    }

    private async Task AppendAsync(TimelineTip tip, TimelineEvent e, CancellationToken token)
    {
        await session.AppendAsync(tip, e, CommandContext.For(random.Next(2) == 0 ? "ana" : "ben"), token);
        Happened[RevisionFacts.What(e)] = Happened.GetValueOrDefault(RevisionFacts.What(e)) + 1;
    }

    private EditJudged Edit(Timeline now)
    {
        var n = ++made;
        var outcome = random.Next(6) switch { < 4 => Outcome.Applied, 4 => Outcome.Quarantined, _ => Outcome.Rejected };
        var record = Some.Record(n, VariantNames.All[random.Next(3)], outcome) with { Edit = new EditId(new UInt128((ulong)id.Value, (ulong)n)) };
        record = record with { Request = record.Request with { Subject = $"{(n % 2 == 0 ? "\u00A0" : "")}Person {n % 5}{(n % 3 == 0 ? "\n " : "")}" } };
        return now.Record(outcome == Outcome.Rejected ? record with { Signals = Odd(record.Signals) } : record, n % 3 == 0 ? Some.Digest($"with {n}") : null, n % 5 == 0 ? Some.Digest($"without {n}") : null);
    }

    /// <summary>Numbers that a careless store would not give back.</summary>
    private Signals Odd(Signals signals) => signals with
    {
        CosKeys = -0.0,
        DeltaOverM0 = double.PositiveInfinity,
        Variants = [.. signals.Variants.Select(v => v with { AbsDelta = random.Next(2) == 0 ? double.NaN : double.Epsilon, KuU = double.NegativeInfinity, KvU = 0 })],
    };

    private TimelineEvent? Decision(Timeline now)
    {
        var edits = now.Edits.Values.Where(e => e.Status is not (EditStatus.Rejected or EditStatus.Dismissed)).OrderBy(e => e.Edit.Value).ToArray();
        if (edits.Length == 0) return null;
        var edit = edits[random.Next(edits.Length)];
        return (edit.Status, random.Next(3)) switch
        {
            (EditStatus.InEffect, 0) => now.Withhold(edit.Edit, "perplexity rose", [], null),
            (EditStatus.InEffect, _) => now.Revert(edit.Edit, "wrong\0fact, \"said\"\nben", Some.Digest("reverted")),
            (EditStatus.Reverted, _) => now.Reinstate(edit.Edit, "right after all", null),
            (_, 0) => now.Dismiss(edit.Edit, "useless"),
            _ => Release(now, edit.Edit),
        };
    }

    /// <summary>Under another variant than it was made with, perhaps.</summary>
    private EditReleased Release(Timeline now, EditId edit)
    {
        var record = Some.Record((int)(ulong)edit.Value, VariantNames.All[random.Next(3)], Outcome.Quarantined);
        return now.Release(edit, record.Variant, ReleaseMode.Values, record.Solution, record.Delta, record.Signals, record.Verdict, "it is fine", null);
    }

    private async Task BranchAsync(TimelineEntry from, TimelineTip tip, CancellationToken token)
    {
        var fork = await session.ForkAsync(new RevisionPoint(from, random.NextInt64(tip.Timeline.Revision + 1)), token);
        var name = $"branch-{session.Setup.Timelines.Count}";
        await session.AppendAsync(session.Setup.Start(new TimelineId(new UInt128((ulong)id.Value, (ulong)random.NextInt64())), name, fork, "to see", TimelineOrigin.Branched), CommandContext.For("ana"), token);
        Happened["branched"] = Happened.GetValueOrDefault("branched") + 1;
    }

    /// <summary>What the source has in effect or stopped and stands here otherwise; now and then something gives way to it, or it is settled without taking it.</summary>
    private async Task TakeAsync(TimelineTip tip, TimelineEntry from, CancellationToken token)
    {
        var (here, source) = (tip.Timeline, (await session.TipAsync(from.Started.Name, token)).Timeline);
        var lacking = source.Edits.Values.Where(e => e.Status is EditStatus.InEffect or EditStatus.Quarantined
            && here.Edits.GetValueOrDefault(e.Edit) is not ({ Status: EditStatus.Rejected or EditStatus.Dismissed } or { Status: EditStatus.InEffect })).OrderBy(e => e.Edit.Value).Take(1 + random.Next(4)).ToArray();
        var over = here.InEffect.Where(e => lacking.All(l => l.Edit != e)).ToList();
        var edits = new List<TakenEdit>();
        foreach (var e in lacking)
        {
            ImmutableArray<EditId> gives = over.Count > 0 && random.Next(3) == 0 ? [over[random.Next(over.Count)]] : [];
            var resolution = random.Next(8) switch { 0 => Resolution.Ours, 1 => Resolution.Skip, 2 or 3 => Resolution.Both, _ => Resolution.Theirs };
            edits.Add(new TakenEdit(e.Edit, resolution, gives, e.Delta, e.Status, e.Variant, e.Delta, e.AbsDelta, e.Status == EditStatus.Quarantined ? [new Finding(Rules.Outlier, 7, 5, FindingResult.Quarantine, "far out")] : []));
        }
        if (edits.Count == 0) return;
        var pick = random.Next(3) == 0;
        await AppendAsync(tip, pick ? here.CherryPick(source.Id, source.Name, source.Revision, ReplayMode.Factors, [.. edits], "better", null)
            : here.Merge(source.Id, source.Name, source.Revision, ReplayMode.Factors, [.. edits], "better", null), token);
    }
}
