using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Projections.Replay;

namespace Ledger.Projections.Timelines;

/// <summary>One revision as a person reads it: what happened to which edits.</summary>
/// <param name="Revision">From 1.</param>
/// <param name="Envelope">The event with who, when and hash; its stream is an ancestor's where the revision was inherited.</param>
/// <param name="Edits">What it is about: one edit, or several for a merge or cherry-pick.</param>
public sealed record RevisionRow(long Revision, EventEnvelope Envelope, ImmutableArray<EditId> Edits)
{
    public TimelineEvent Event => (TimelineEvent)Envelope.Event;
}

/// <summary>An edit's factors with what they were made from: those of its first judgement, of a release, or of a merge in mode <c>values</c>.</summary>
/// <param name="Solution">m₀, v_e, out and r.</param>
/// <param name="Delta">r and u.</param>
/// <param name="Digest">The delta's.</param>
public sealed record Making(Variant Variant, EditSolution Solution, RankOneDelta Delta, Digest Digest)
{
    public static Making Of(Variant variant, EditSolution solution, EditKeys keys)
    {
        var delta = solution.Delta(keys);
        return new Making(variant, solution, delta, delta.Digest);
    }
}

/// <summary>
/// A timeline with everything its events carry: rows to show, factors to fold, and the aggregate to decide with. Built from nothing but
/// the streams; adding events one at a time or all at once gives the same.
/// </summary>
public sealed class TimelineHistory
{
    private const int MostNamed = 8;

    private readonly List<RevisionRow> rows = [];
    private readonly Dictionary<EditId, EditRecord> records = [];
    private readonly Dictionary<EditId, List<Making>> makings = [];         // the last one counts
    private readonly List<ImmutableArray<WeightedDelta>> changes = [];

    private readonly Digest origin;             // what the chain of revision 1 goes on from

    private TimelineHistory(TimelineTip start, TimelineStarted started, Digest origin)
    {
        Tip = start;
        Started = started;
        this.origin = origin;
    }

    public TimelineStarted Started { get; }

    /// <summary>Its end, without vectors.</summary>
    public TimelineTip Tip { get; }

    /// <summary>The aggregate at the head.</summary>
    public Timeline Timeline => Tip.Timeline;

    /// <summary>The hash of the last event, or of what the chain starts from.</summary>
    public Digest Head => Tip.Head;

    public string Name => Started.Name;

    /// <summary>Revision 1 first, inherited ones included.</summary>
    public IReadOnlyList<RevisionRow> Rows => rows;

    /// <summary>The deltas that left and that took effect at each revision, in the rows' order.</summary>
    public IReadOnlyList<ImmutableArray<WeightedDelta>> Changes => changes;

    public static TimelineHistory Start(TimelineStarted started, Digest chainStart, Digest baseMatrix) =>
        new(TimelineTip.Start(started, chainStart, baseMatrix), started, chainStart);

    /// <summary>A timeline that leaves this one at a revision: it has everything up to there.</summary>
    /// <param name="started">Its start, with the fork.</param>
    /// <param name="chainStart">What its chain goes on from.</param>
    /// <exception cref="RevisionUnknownException">This timeline has no such revision.</exception>
    public TimelineHistory Branch(TimelineStarted started, Digest chainStart)
    {
        var past = At(started.Fork!.Revision);
        var branch = new TimelineHistory(past.Tip.Branch(started, chainStart), started, origin);
        branch.rows.AddRange(past.rows);
        branch.changes.AddRange(past.changes);
        foreach (var (edit, record) in past.records) branch.records.Add(edit, record);
        foreach (var (edit, made) in past.makings) branch.makings.Add(edit, made);
        return branch;
    }

    /// <summary>Takes in the next event.</summary>
    /// <param name="envelope">The event.</param>
    /// <param name="source">For a merge or cherry-pick: the history it took from, at least up to the revision it names.</param>
    /// <exception cref="NoRuleException">This program cannot fold it.</exception>
    /// <exception cref="TakenUnknownException">It takes what the source has not got.</exception>
    public void Add(EventEnvelope envelope, TimelineHistory? source = null)
    {
        var e = envelope.Event as TimelineEvent ?? throw new NoRuleException(EventJson.NameOf(envelope.Event), Timeline.Revision + 1);
        var edits = RevisionFacts.Edits(e);
        var left = InEffect(edits, weight: -1);
        foreach (var (record, made) in Brought(e, source))
        {
            // Judged once; released or taken over, an edit keeps its record.
            if (e is EditJudged) records.Add(record.Edit, record);
            else records.TryAdd(record.Edit, record);
            makings[record.Edit] = makings.TryGetValue(record.Edit, out var before) ? [.. before, made] : [made];
        }
        Tip.Add(envelope);
        rows.Add(new RevisionRow(Timeline.Revision, envelope, edits));
        changes.Add([.. left, .. InEffect(edits, weight: 1)]);
    }

    /// <summary>The edit as it was computed.</summary>
    /// <exception cref="EditUnknownException">The timeline has no such edit.</exception>
    public EditRecord Record(EditId edit) => records.TryGetValue(edit, out var record) ? record : throw new EditUnknownException(edit.ToString(), Name);

    /// <summary>The factors that count now, and what they were made from.</summary>
    /// <exception cref="EditUnknownException">The timeline has no such edit.</exception>
    public Making Present(EditId edit) => makings.TryGetValue(edit, out var made) ? made[^1] : throw new EditUnknownException(edit.ToString(), Name);

    /// <summary>The factors of that digest, which the edit has or once had here.</summary>
    public Making? Made(EditId edit, Digest delta) => makings.GetValueOrDefault(edit)?.LastOrDefault(m => m.Digest == delta);

    /// <summary>Every edit ever computed on the timeline, inherited by it or taken over.</summary>
    public IReadOnlyCollection<EditRecord> Records => records.Values;

    /// <summary>The edits in effect now, in order of taking effect, each with the factors that count.</summary>
    public ImmutableArray<EffectiveEdit> EditsInEffect() => [.. Timeline.InEffect.Select(e => EffectiveEdit.Of(records[e], makings[e][^1]))];

    /// <summary>Their factors alone: the fold's input.</summary>
    public ImmutableArray<RankOneDelta> DeltasInEffect() => [.. Timeline.InEffect.Select(e => makings[e][^1].Delta)];

    /// <summary>The deltas that will be in effect with one more event, which is not taken in yet.</summary>
    /// <param name="e">The event.</param>
    /// <param name="source">As for <see cref="Add"/>.</param>
    public ImmutableArray<RankOneDelta> DeltasAfter(TimelineEvent e, TimelineHistory? source = null)
    {
        var brought = Brought(e, source).ToLookup(b => b.Record.Edit, b => b.Made);
        return [.. Timeline.Evolve(e).InEffect.Select(edit => (brought[edit].LastOrDefault() ?? makings[edit][^1]).Delta)];
    }

    /// <summary>The weight fingerprint that an event recorded of a state; null where none did.</summary>
    public Digest? Fingerprint(StateId state) => rows.Select(r => RevisionFacts.After(r.Event)).FirstOrDefault(after => after.State == state && after.Fingerprint is not null).Fingerprint;

    /// <summary>The history as it was at a revision.</summary>
    /// <param name="revision">0 for the base, up to the head.</param>
    /// <exception cref="RevisionUnknownException">The timeline has no such revision.</exception>
    public TimelineHistory At(long revision)
    {
        if (revision < 0 || revision > Timeline.Revision)
            throw new RevisionUnknownException($"{Name} has no revision {revision}.", $"it has revisions 0 (the base) to {Timeline.Revision}");
        var past = Start(Started, origin, Timeline.BaseMatrix);
        // What a merge took is known here already: this history is its source as well.
        foreach (var row in rows.Take((int)revision)) past.Add(row.Envelope, this);
        return past;
    }

    /// <summary>The edit that an id, or an unambiguous beginning of one, names.</summary>
    /// <param name="written">In capitals too; see <see cref="EditId.Normal"/>.</param>
    /// <exception cref="EditUnknownException">There is none.</exception>
    /// <exception cref="EditAmbiguousException">There are several.</exception>
    public EditId Find(string written)
    {
        var prefix = EditId.Normal(written);
        var found = prefix.Length == 0 ? [] : records.Keys.Where(e => e.ToString().StartsWith(prefix, StringComparison.Ordinal)).ToArray();
        return found switch
        {
            [var only] => only,
            [] => throw new EditUnknownException(written, Name, [.. Near(prefix).Take(MostNamed)]),
            _ => throw new EditAmbiguousException(written, Name, found.Length, [.. found.Take(MostNamed).Select(f => f.ToString()[..Math.Min(26, prefix.Length + 6)])]),
        };
    }

    /// <summary>Of a few letters, any id is near.</summary>
    private IEnumerable<string> Near(string prefix) =>
        prefix.Length < 5 ? [] : records.Keys.Where(e => NearNames.AreNear(prefix, e.ToString()[..Math.Min(26, prefix.Length)])).Select(e => e.Short());

    /// <summary>The factors an event brings, each with its edit.</summary>
    private IReadOnlyList<(EditRecord Record, Making Made)> Brought(TimelineEvent e, TimelineHistory? source) => e switch
    {
        EditJudged x => [(x.Record, Making.Of(x.Record.Variant, x.Record.Solution, x.Record.Keys))],
        EditReleased x => [(records[x.Edit], Making.Of(x.Variant, x.Solution, records[x.Edit].Keys))],
        EditsTaken x => Taken(x, source ?? throw new ArgumentNullException(nameof(source), "A merge takes its factors from its source.")),
        _ => [],
    };

    private List<(EditRecord Record, Making Made)> Taken(EditsTaken e, TimelineHistory source)
    {
        var (inEffect, brought, deltas) = (Timeline.InEffect.ToList(), new List<(EditRecord, Making)>(), new Dictionary<EditId, RankOneDelta>());
        TakenEdit[] edits = [.. e.Edits.Where(t => t.IsTaken)];
        EditRecord[] taking = [.. edits.Select(t => source.records.GetValueOrDefault(t.Edit) ?? throw new TakenUnknownException(t.Edit, e.SourceRevision))];
        var outputs = new ValueReplay([.. taking.Select(r => r.Keys)]);
        for (var i = 0; i < edits.Length; i++)
        {
            var taken = edits[i];
            inEffect.Remove(taken.Edit);
            // As the gate saw it: with what would give way gone. That has gone only if the edit takes effect.
            var onto = inEffect.Where(x => taken.Resolution != Resolution.Theirs || !taken.Over.Contains(x));
            var made = source.Made(taken.Edit, taken.Delta)
                ?? Rederived(taken, taking[i], source, outputs.At(i, [.. onto.Select(x => deltas.GetValueOrDefault(x) ?? makings[x][^1].Delta)], CancellationToken.None));
            brought.Add((taking[i], made));
            deltas[taken.Edit] = made.Delta;
            inEffect.RemoveAll(taken.GivingWay.Contains);
            if (taken.Status == EditStatus.InEffect) inEffect.Add(taken.Edit);
        }
        return brought;
    }

    /// <summary>Mode <c>values</c>: the factors are no one's but this timeline's, and follow from the source's v_e.</summary>
    private static Making Rederived(TakenEdit taken, EditRecord record, TimelineHistory source, (Float32Vector M0, Float32Vector OutKBar) state)
    {
        var from = source.Made(taken.Edit, taken.From) ?? throw new TakenUnknownException(taken.Edit, null);
        var made = Rederive.Making(record.Keys, from.Solution.VE, taken.Variant, state.M0, state.OutKBar);
        return made.Digest == taken.Delta ? made : throw new TakenUnknownException(taken.Edit, null);
    }

    private WeightedDelta[] InEffect(ImmutableArray<EditId> edits, int weight) =>
        [.. edits.Where(e => Timeline.Edits.GetValueOrDefault(e) is { Status: EditStatus.InEffect }).Select(e => new WeightedDelta(makings[e][^1].Delta, weight))];
}

/// <summary>A merge or cherry-pick took an edit, or factors of one, that its source has not got.</summary>
public sealed class TakenUnknownException(EditId edit, long? revision)
    : LedgerException(
        revision is { } r ? $"Edit {edit.Short()} was taken from another timeline at revision {r}, where it is not." : $"Edit {edit.Short()} was taken from another timeline with factors that it does not have there.",
        "run `ledger verify`; restore the file from a backup")
{
    public EditId Edit { get; } = edit;
    public override FailureKind Kind => FailureKind.VerificationFailed;
}
