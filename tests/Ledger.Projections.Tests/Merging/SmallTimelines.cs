using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Projections.Merging;
using Ledger.Projections.Timelines;

namespace Ledger.Projections.Tests.Merging;

/// <summary>Timelines by name, made by hand; d_k 2, d_v 1. Each edit has a number, which is its id.</summary>
internal sealed class SmallTimelines
{
    private readonly Dictionary<string, TimelineHistory> histories = new()
    {
        ["main"] = TimelineHistory.Start(new TimelineStarted(new TimelineId(1), "main", null, "", TimelineOrigin.Opened), default, default),
    };

    public TimelineHistory this[string name] => histories[name];

    public static EditId Id(int n) => new((UInt128)n);

    public void Branch(string name, string parent, long? revision = null)
    {
        var started = new TimelineStarted(new TimelineId((UInt128)histories.Count + 1), name, new Fork(this[parent].Timeline.Id, revision ?? this[parent].Timeline.Revision, default), "", TimelineOrigin.Branched);
        histories.Add(name, this[parent].Branch(started, default));
    }

    /// <param name="fact">A fact of its own unless given, so that nothing is in conflict by chance.</param>
    /// <param name="key">k̄ = k_o = ū = u_o: a direction of its own unless given.</param>
    public void Edit(string line, int n, string? fact = null, string target = "so", float[]? key = null, float r = 1, Outcome outcome = Outcome.Applied, Func<EditRecord, EditRecord>? more = null)
    {
        var k = new Float32Vector(key ?? [MathF.Cos(n), MathF.Sin(n)]);
        var record = Timelines.Some.Record(Id(n), [r], [0, 0], [0, 0], outcome) with
        {
            Request = new EditRequest("{} is", fact ?? $"Fact {n}", target),
            Variant = Variant.PRome,
            Signals = Timelines.Some.Signals(Variant.PRome),
            Keys = new EditKeys(k, k, k, k, new([0f]), new([0f])),
            Solution = new EditSolution(new([0f]), new([r]), new([0f]), new([r]), FactorU.UO),
        };
        Add(line, this[line].Timeline.Record(more?.Invoke(record) ?? record, null, null));
    }

    public void Revert(string line, int n) => Add(line, this[line].Timeline.Revert(Id(n), "why", null));

    public void Reinstate(string line, int n) => Add(line, this[line].Timeline.Reinstate(Id(n), "why", null));

    public void Dismiss(string line, int n) => Add(line, this[line].Timeline.Dismiss(Id(n), "why"));

    public void Withhold(string line, int n) => Add(line, this[line].Timeline.Withhold(Id(n), "why", [], null));

    public ImmutableArray<MergeItem> Lacking(string target, string source, long? revision = null) =>
        MergeItem.Lacking(this[target], this[source].At(revision ?? this[source].Timeline.Revision), new KnownDecisions(id => histories.Values.Single(h => h.Timeline.Id == id)));

    public MergePlan Plan(string target, string source, MergeChoices? choices = null, double bound = double.PositiveInfinity) =>
        MergePlan.Of(this[target], this[source], Lacking(target, source), bound, choices ?? MergeChoices.None, CancellationToken.None);

    public static MergeChoices Each(params (int Edit, Resolution Resolution)[] choices) => new(choices.ToImmutableDictionary(c => Id(c.Edit), c => c.Resolution), null);

    /// <summary>Merges with every conflict resolved the same way, but for those named.</summary>
    public ImmutableArray<TakenEdit> Merge(string target, string source, Resolution conflicts = Resolution.Theirs, params (int Edit, Resolution Resolution)[] choices)
    {
        var taken = Takeover.Factors(Plan(target, source, Each(choices) with { Conflicts = conflicts }));
        Take(target, source, ReplayMode.Factors, taken);
        return taken;
    }

    /// <summary>The same in mode <c>values</c>.</summary>
    public ImmutableArray<TakenEdit> MergeValues(string target, string source, GatePolicy policy, Resolution conflicts = Resolution.Theirs)
    {
        var taken = Takeover.Values(Plan(target, source, MergeChoices.None with { Conflicts = conflicts }), this[target], this[source], policy, CancellationToken.None);
        Take(target, source, ReplayMode.Values, taken);
        return taken;
    }

    public IEnumerable<int> InEffect(string line) => this[line].Timeline.InEffect.Select(e => (int)e.Value);

    public EditStatus Status(string line, int n) => this[line].Timeline.Known(Id(n)).Status;

    private void Take(string target, string source, ReplayMode mode, ImmutableArray<TakenEdit> taken) =>
        Add(target, this[target].Timeline.Merge(this[source].Timeline.Id, source, this[source].Timeline.Revision, mode, taken, "why", null), this[source]);

    private void Add(string line, TimelineEvent e, TimelineHistory? source = null) =>
        this[line].Add(Timelines.Some.Envelope(this[line].Tip.LastNumber + 1, e) with { Stream = StreamName.Of(this[line].Timeline.Id) }, source);
}
