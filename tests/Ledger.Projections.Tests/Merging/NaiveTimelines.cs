using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Projections.Merging;
using Ledger.Projections.Replay;
using Ledger.Projections.Tests.Replay;
using Ledger.Projections.Timelines;

namespace Ledger.Projections.Tests.Merging;

/// <summary>An edit as the oracle has it on one timeline.</summary>
/// <param name="Decision">Which event made it stand so: a number that travels with merges.</param>
/// <param name="Place">When that happened here, for the order.</param>
internal sealed record NaiveEdit(EditStatus Status, Variant Variant, float[] VE, float[] R, float[] U, int Decision, int Place)
{
    public RankOneDelta Delta => new(new Float32Vector(R), new Float32Vector(U));

    public bool Final => Status is EditStatus.Dismissed or EditStatus.Rejected;

    public bool Same(NaiveEdit other) => Status == other.Status && Bits.Differing(R, other.R) == 0 && Bits.Differing(U, other.U) == 0;
}

/// <summary>A timeline at one revision as the oracle has it.</summary>
/// <param name="Heard">Every decision about an edit that the timeline made or heard of.</param>
internal sealed record NaiveState(ImmutableList<EditId> InEffect, ImmutableDictionary<EditId, NaiveEdit> Edits, ImmutableDictionary<EditId, ImmutableHashSet<int>> Heard)
{
    public static NaiveState Base { get; } = new([], ImmutableDictionary<EditId, NaiveEdit>.Empty, ImmutableDictionary<EditId, ImmutableHashSet<int>>.Empty);

    public IEnumerable<NaiveEdit> Folded => InEffect.Select(e => Edits[e]);

    public ImmutableHashSet<int> HeardOf(EditId edit) => Heard.GetValueOrDefault(edit, []);

    /// <summary>The edit stands so from now on; in effect means as the last one.</summary>
    public NaiveState Put(EditId edit, NaiveEdit now)
    {
        var without = InEffect.Remove(edit);
        return this with { Edits = Edits.SetItem(edit, now), InEffect = now.Status == EditStatus.InEffect ? without.Add(edit) : without };
    }

    public NaiveState Hear(EditId edit, IEnumerable<int> decisions) => this with { Heard = Heard.SetItem(edit, HeardOf(edit).Union(decisions)) };
}

/// <summary>One timeline: the projection under test beside the oracle.</summary>
internal sealed record NaiveTimeline(TimelineHistory History, List<NaiveState> States)
{
    public NaiveState Now => States[^1];
}

/// <summary>
/// Random timelines on a small matrix: edits and decisions of every kind, branches of branches at any revision, merges and cherry-picks to and fro under
/// every mode and resolution. The oracle keeps lists of (r, u) and sets of numbers and goes forward with each event; it shares no code with the
/// aggregate, the projections, the planner (which goes back through the events) or the fold.
/// </summary>
internal sealed class NaiveTimelines
{
    private const int MostTimelines = 5;

    private readonly Random random;
    private readonly int dv, dk;
    private readonly float[] w0;
    private readonly Dictionary<EditId, EditRecord> records = [];
    private int counter;

    public NaiveTimelines(int seed)
    {
        random = new Random(seed);
        (dv, dk) = (random.Next(1, 5), random.Next(2, 9));
        w0 = Floats(dv * dk);
        All.Add(new NaiveTimeline(TimelineHistory.Start(new TimelineStarted(new TimelineId(1), "main", null, "", TimelineOrigin.Opened), default, WeightFingerprint.Of(w0)), [NaiveState.Base]));
    }

    public List<NaiveTimeline> All { get; } = [];

    public int Merges { get; private set; }

    public int Conflicts { get; private set; }

    public int Taken { get; private set; }

    public void Step()
    {
        var line = All[random.Next(All.Count)];
        switch (random.Next(12))
        {
            case 0 when All.Count < MostTimelines: Branch(line); break;
            case 1 or 2 or 3 when All.Count > 1: Take(line, pick: random.Next(4) == 0); break;
            case 4 or 5 or 6 or 7: Decide(line); break;
            default: Edit(line); break;
        }
    }

    /// <summary>A step of one timeline that has nothing to do with the others.</summary>
    public void Alone(NaiveTimeline line)
    {
        if (random.Next(2) == 0) Decide(line);
        else Edit(line);
    }

    /// <summary>The next event in the timeline's stream; the oracle does not notice.</summary>
    public void Append(NaiveTimeline line, TimelineEvent e) => Add(line, e);

    /// <summary>What will be in effect was known before.</summary>
    private static void Add(NaiveTimeline line, TimelineEvent e, TimelineHistory? source = null)
    {
        var expected = line.History.DeltasAfter(e, source);
        line.History.Add(Envelope(line, e), source);
        line.History.DeltasInEffect().SequenceEqual(expected).ShouldBeTrue();
    }

    private void Edit(NaiveTimeline line)
    {
        var outcome = random.Next(6) switch { < 4 => Outcome.Applied, 4 => Outcome.Quarantined, _ => Outcome.Rejected };
        var record = Record(outcome);
        records.Add(record.Edit, record);
        var status = outcome switch { Outcome.Applied => EditStatus.InEffect, Outcome.Quarantined => EditStatus.Quarantined, _ => EditStatus.Rejected };
        var (r, u) = record.Delta;
        Add(line, line.History.Timeline.Record(record, null, null), record.Edit, (_, n) => new NaiveEdit(status, record.Variant, Copy(record.Solution.VE), Copy(r), Copy(u), n, n));
    }

    /// <summary>Some decision about some edit, if there is one that can be made.</summary>
    private void Decide(NaiveTimeline line)
    {
        var edits = line.Now.Edits.Where(e => e.Value.Status is not (EditStatus.Rejected or EditStatus.Dismissed)).Select(e => e.Key).Order(Comparer<EditId>.Create((a, b) => a.Value.CompareTo(b.Value))).ToArray();
        if (edits.Length == 0) return;
        var edit = edits[random.Next(edits.Length)];
        var timeline = line.History.Timeline;
        switch (line.Now.Edits[edit].Status, random.Next(3))
        {
            case (EditStatus.InEffect, 0):
                Add(line, timeline.Withhold(edit, "why", [], null), edit, (e, n) => e! with { Status = EditStatus.Quarantined, Decision = n, Place = n });
                break;
            case (EditStatus.InEffect, _):
                Add(line, timeline.Revert(edit, "why", null), edit, (e, n) => e! with { Status = EditStatus.Reverted, Decision = n, Place = n });
                break;
            case (EditStatus.Reverted, _):
                Add(line, timeline.Reinstate(edit, "why", null), edit, (e, n) => e! with { Status = EditStatus.InEffect, Decision = n, Place = n });
                break;
            case (EditStatus.Quarantined, 0):
                Add(line, timeline.Dismiss(edit, "why"), edit, (e, n) => e! with { Status = EditStatus.Dismissed, Decision = n, Place = n });
                break;
            default:
                var (variant, keys) = ((Variant)random.Next(3), records[edit].Keys);
                var solution = new EditSolution(new(Floats(dv)), new(Floats(dv)), new(Floats(dv)), new(Floats(dv)), Factors.UsesUBar(variant) ? FactorU.UBar : FactorU.UO);
                var delta = solution.Delta(keys);
                Add(line, timeline.Release(edit, variant, ReleaseMode.Values, solution, delta, Signals(variant), new Verdict(Outcome.Applied, "tests@1", []), "why", null), edit,
                    (_, n) => new NaiveEdit(EditStatus.InEffect, variant, Copy(solution.VE), Copy(delta.R), Copy(delta.U), n, n));
                break;
        }
    }

    private void Branch(NaiveTimeline parent)
    {
        var (revision, id) = (random.Next(parent.States.Count), new TimelineId((UInt128)All.Count + 1));
        var started = new TimelineStarted(id, $"branch-{All.Count}", new Fork(parent.History.Timeline.Id, revision, default), "", TimelineOrigin.Branched);
        All.Add(new NaiveTimeline(parent.History.Branch(started, default), [.. parent.States.Take(revision + 1)]));
    }

    /// <summary>Every timeline at every revision, asked for in a random order, against the oracle's: deltas, state and matrix.</summary>
    public void Check()
    {
        var revisions = All.SelectMany(line => Enumerable.Range(0, line.States.Count).Select(revision => (line, revision))).ToArray();
        random.Shuffle(revisions);
        foreach (var (line, revision) in revisions)
        {
            var (past, naive) = (line.History.At(revision), line.States[revision]);
            var what = $"{line.History.Name}@{revision}";
            past.Timeline.InEffect.ShouldBe(naive.InEffect, what);
            past.DeltasInEffect().ShouldBe(naive.Folded.Select(e => e.Delta), what);
            past.Timeline.State.ShouldBe(StateId.Of(WeightFingerprint.Of(w0), naive.Folded.Select(e => e.Delta.Digest)), what);
            past.Timeline.Edits.ToDictionary(e => e.Key, e => e.Value.Status).ShouldBe(naive.Edits.ToDictionary(e => e.Key, e => e.Value.Status), ignoreOrder: true);
            Bits.Differing(Matrix(past.DeltasInEffect()), Naive(naive)).ShouldBe(0, what);
        }
    }

    /// <summary>The exact fold.</summary>
    public float[] Matrix(ImmutableArray<RankOneDelta> deltas)
    {
        var w = (float[])w0.Clone();
        Fold.Apply(w, dv, dk, deltas, CancellationToken.None);
        return w;
    }

    /// <summary>The scalar loop.</summary>
    public float[] Naive(NaiveState state) => NaiveFold.Of(w0, dv, dk, state.Folded.Select(e => e.Delta));

    /// <summary>A merge or cherry-pick from some other timeline at some revision, with every choice at random.</summary>
    private void Take(NaiveTimeline target, bool pick)
    {
        var others = All.Where(l => l != target).ToArray();
        var source = others[random.Next(others.Length)];
        var revision = random.Next(3) == 0 ? random.Next(source.States.Count) : source.States.Count - 1;
        var (past, there, here) = (source.History.At(revision), source.States[revision], target.Now);

        ImmutableArray<MergeItem> items;
        if (pick)
        {
            var named = there.Edits.Where(e => e.Value.Status is EditStatus.InEffect or EditStatus.Quarantined && !(here.Edits.TryGetValue(e.Key, out var mine) && (mine.Final || mine.Same(e.Value))))
                .Select(e => e.Key).OrderBy(e => e.Value).ToArray();
            random.Shuffle(named);
            items = MergeItem.Picked(target.History, past, named[..Math.Min(named.Length, random.Next(1, 4))]);
            items.Select(i => i.Edit).ShouldBe(named[..items.Length]);
        }
        else
        {
            items = MergeItem.Lacking(target.History, past, Decisions());
            items.Select(i => (i.Edit, i.DecidedHere is not null)).ShouldBe(Lacking(here, there));
        }
        if (items.IsEmpty) return;

        var (bound, choices) = (random.NextDouble() * 3, Choices(items));
        var plan = MergePlan.Of(target.History, past, items, bound, choices, CancellationToken.None);
        plan.Unresolved.ShouldBeEmpty();
        CheckConflicts(plan, here, there, bound, choices);
        if (plan.Edits.All(e => e.Resolution == Resolution.Skip)) return;

        var mode = random.Next(3) == 0 ? ReplayMode.Values : ReplayMode.Factors;
        var policy = new GatePolicy("tests", 1, [new GateRule(Rules.KeyAsymmetry, random.NextDouble(), random.Next(4) == 0 ? GateAction.Reject : GateAction.Quarantine)]);
        var taken = mode == ReplayMode.Factors ? Takeover.Factors(plan) : Takeover.Values(plan, target.History, past, policy, CancellationToken.None);
        var (id, name, timeline) = (past.Timeline.Id, past.Name, target.History.Timeline);
        EditsTaken e = pick ? timeline.CherryPick(id, name, revision, mode, taken, "why", null) : timeline.Merge(id, name, revision, mode, taken, "why", null);

        var number = ++counter;
        var next = plan.Edits.Aggregate(here, (state, planned) => Naive(state, planned, there, mode, policy.Rules[0], number));
        if (e is TimelineMerged)
            foreach (var edit in there.Heard.Keys.Where(edit => plan.Edits.All(p => p.Edit != edit))) next = next.Hear(edit, there.HeardOf(edit));
        Add(target, e, source.History);
        target.States.Add(next);
        e.After.ShouldBe(target.History.Timeline.State);

        if (!pick && plan.Edits.All(p => p.Resolution != Resolution.Skip)) MergeItem.Lacking(target.History, past, Decisions()).ShouldBeEmpty("nothing was skipped, so nothing is left to take");
        Merges++;
        Taken += plan.Edits.Length;
        Conflicts += plan.Edits.Count(p => !p.Conflicts.IsEmpty);
    }

    private KnownDecisions Decisions() => new(id => All[(int)id.Value - 1].History);

    /// <summary>What the source has that is news to the target, in the order in which it came there; and whether the target decided for itself meanwhile.</summary>
    private static IEnumerable<(EditId, bool)> Lacking(NaiveState here, NaiveState there) =>
        from edit in there.Edits
        orderby edit.Value.Place
        let mine = here.Edits.GetValueOrDefault(edit.Key)
        where mine is null ? edit.Value.Status is EditStatus.InEffect or EditStatus.Quarantined : !mine.Final && !mine.Same(edit.Value)
        where !here.HeardOf(edit.Key).Contains(edit.Value.Decision)
        select (edit.Key, mine is not null && !there.HeardOf(edit.Key).Contains(mine.Decision));

    private MergeChoices Choices(ImmutableArray<MergeItem> items)
    {
        Resolution[] all = [Resolution.Theirs, Resolution.Ours, Resolution.Skip, Resolution.Both];
        var own = items.Where(_ => random.Next(3) == 0).ToImmutableDictionary(i => i.Edit, i => all[random.Next(i.DecidedHere is null ? 4 : 3)]);
        return new MergeChoices(own, all[random.Next(items.All(i => i.DecidedHere is null) ? 4 : 3)]);
    }

    private void CheckConflicts(MergePlan plan, NaiveState here, NaiveState there, double bound, MergeChoices choices)
    {
        var leaving = plan.Edits.Where(p => there.Edits[p.Edit].Status != EditStatus.InEffect && p.Resolution is Resolution.Theirs or Resolution.Both).Select(p => p.Edit).ToHashSet();
        var staying = here.InEffect.Where(o => !(there.Edits.TryGetValue(o, out var t) && t.Status == EditStatus.InEffect) && !leaving.Contains(o)).ToArray();
        foreach (var planned in plan.Edits)
        {
            var expected = new List<(ConflictKind, EditId)>();
            if (planned.Item.DecidedHere is not null) expected.Add((ConflictKind.Decision, planned.Edit));
            var (request, theirs) = (records[planned.Edit].Request, there.Edits[planned.Edit]);
            foreach (var o in theirs.Status == EditStatus.InEffect ? staying : [])
            {
                var (other, ours) = (records[o].Request, here.Edits[o]);
                if (request.Subject == other.Subject && (request.Prompt == other.Prompt || (request.Relation is not null && request.Relation == other.Relation)) && request.Target != other.Target) expected.Add((ConflictKind.Fact, o));
                double? on = Interference(theirs, ours, o), back = Interference(ours, theirs, planned.Edit);
                if (on > bound || back > bound) expected.Add((ConflictKind.Interference, o));
                if (planned.Conflicts.SingleOrDefault(c => c.Kind == ConflictKind.Interference && c.With == o) is not { } found) continue;
                Close(found.OnTarget, on);
                Close(found.OnSource, back);
            }
            planned.Conflicts.Select(c => (c.Kind, c.With)).ShouldBe(expected, ignoreOrder: true);
            planned.Resolution.ShouldBe(choices.Edits.TryGetValue(planned.Edit, out var own) ? own : expected.Count > 0 ? choices.Conflicts : Resolution.Theirs);
        }

        static void Close(double? actual, double? expected)
        {
            actual.HasValue.ShouldBe(expected.HasValue);
            if (actual is { } a) a.ShouldBe(expected!.Value, 1e-9 * expected.Value);
        }
    }

    /// <summary>‖r_i‖|u_i·k_j| / (‖r_j‖|u_j·k_j|).</summary>
    private double? Interference(NaiveEdit by, NaiveEdit on, EditId edit)
    {
        var keys = records[edit].Keys;
        var k = on.Variant == Variant.RRome ? keys.KBar : keys.KO;
        var unit = Norm(on.R) * Math.Abs(Dot(on.U, k));
        return unit > 0 ? Norm(by.R) * Math.Abs(Dot(by.U, k)) / unit : null;
    }

    /// <summary>One edit of a merge on the oracle's state.</summary>
    private NaiveState Naive(NaiveState state, PlannedEdit planned, NaiveState there, ReplayMode mode, GateRule rule, int number)
    {
        var (edit, resolution) = (planned.Edit, planned.Resolution);
        if (resolution == Resolution.Skip) return state;
        state = state.Hear(edit, there.HeardOf(edit));
        if (resolution == Resolution.Ours) return state;

        var (mine, now) = (state.Edits.GetValueOrDefault(edit), there.Edits[edit] with { Place = NextPlace() });
        if (now.Status != EditStatus.InEffect) return state.Put(edit, now);
        var over = planned.Conflicts.Where(c => resolution == Resolution.Theirs && c.Kind != ConflictKind.Decision).Select(c => c.With).Distinct().Where(state.InEffect.Contains).ToList();
        if (mode == ReplayMode.Values)
        {
            now = Anew(now, records[edit].Keys, state.InEffect.Where(e => e != edit && !over.Contains(e)).Select(e => state.Edits[e]).ToList(), out var ratio);
            var stopped = !(ratio >= rule.Threshold);
            if (!stopped && mine is not null && mine.Same(now)) return state;
            if (stopped && rule.Action == GateAction.Reject)
            {
                if (mine is not null) return state;
                now = now with { Status = EditStatus.Rejected };
            }
            else if (stopped)
            {
                if (mine is { Status: EditStatus.InEffect }) return state;
                now = now with { Status = EditStatus.Quarantined };
            }
            if (stopped) over = [];
        }
        foreach (var o in over) state = state.Put(o, state.Edits[o] with { Status = EditStatus.Reverted, Decision = number, Place = NextPlace() }).Hear(o, [number]);
        return state.Put(edit, now with { Place = NextPlace() });
    }

    /// <summary>out and r on a state, from keys and v_e.</summary>
    private NaiveEdit Anew(NaiveEdit edit, EditKeys keys, List<NaiveEdit> state, out double ratio)
    {
        var (kV, baseOut) = edit.Variant == Variant.RRome ? (keys.KBar, keys.BaseOutKBar) : (keys.KO, keys.BaseOutKO);
        var (kU, u) = edit.Variant == Variant.PRome ? (keys.KO, Copy(keys.UO)) : (keys.KBar, Copy(keys.UBar));
        var (r, kvU) = (new float[dv], Dot(u, kV));
        for (var i = 0; i < dv; i++)
        {
            double sum = baseOut[i];
            foreach (var other in state) sum += other.R[i] * Dot(other.U, kV);
            r[i] = (float)(((double)edit.VE[i] - (float)sum) / kvU);
        }
        ratio = kvU / Dot(u, kU);
        return edit with { R = r, U = u };
    }

    private void Add(NaiveTimeline line, TimelineEvent e, EditId edit, Func<NaiveEdit?, int, NaiveEdit> now)
    {
        var number = NextPlace();
        Add(line, e);
        line.States.Add(line.Now.Put(edit, now(line.Now.Edits.GetValueOrDefault(edit), number)).Hear(edit, [number]));
    }

    private int NextPlace() => ++counter;

    private static EventEnvelope Envelope(NaiveTimeline line, TimelineEvent e) =>
        Timelines.Some.Envelope(line.History.Tip.LastNumber + 1, e) with { Stream = StreamName.Of(line.History.Timeline.Id) };

    /// <summary>Few facts, so that timelines get in each other's way.</summary>
    private EditRecord Record(Outcome outcome)
    {
        var edit = new EditId((UInt128)(records.Count + 1));
        var variant = (Variant)random.Next(3);
        var request = new EditRequest($"{{}} is no. {random.Next(2)}", $"Subject {random.Next(4)}", $"target {random.Next(3)}") { Relation = random.Next(3) switch { 0 => "P1", 1 => "P2", _ => null } };
        return Timelines.Some.Record(edit, Floats(dv), Floats(dk), Floats(dk), outcome) with
        {
            Request = request,
            Variant = variant,
            Signals = Signals(variant),
            Keys = new EditKeys(new(Floats(dk)), new(Floats(dk)), new(Floats(dk)), new(Floats(dk)), new(Floats(dv)), new(Floats(dv))),
            Solution = new EditSolution(new(Floats(dv)), new(Floats(dv)), new(Floats(dv)), new(Floats(dv)), Factors.UsesUBar(variant) ? FactorU.UBar : FactorU.UO),
        };
    }

    private static Signals Signals(Variant variant) => Timelines.Some.Signals(variant);

    private static float[] Copy(Float32Vector v) => v.Span.ToArray();

    private static double Dot(float[] a, Float32Vector b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++) sum += (double)a[i] * b[i];
        return sum;
    }

    private static double Norm(float[] a) => Math.Sqrt(a.Sum(x => (double)x * x));

    /// <summary>Magnitudes over some binades, so that the order of the sums shows in the bits.</summary>
    private float[] Floats(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() - 0.5) * Math.Pow(2, random.Next(-6, 7))))];
}
