using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Projections.Analysis;
using Ledger.Projections.Timelines;

namespace Ledger.Projections.Merging;

public enum ConflictKind
{
    /// <summary>Both timelines have an edit of the same fact in effect, with other targets.</summary>
    [JsonStringEnumMemberName("fact")] Fact,

    /// <summary>One edit moves what the model gives at the other's key too far.</summary>
    [JsonStringEnumMemberName("interference")] Interference,

    /// <summary>Both timelines decided about the same edit, neither knowing of the other, and not the same.</summary>
    [JsonStringEnumMemberName("decision")] Decision,
}

/// <summary>Why an edit of the source cannot be taken over without asking.</summary>
/// <param name="Edit">The source's.</param>
/// <param name="With">The target's edit in effect that it is in conflict with; the edit itself where the decisions differ.</param>
/// <param name="OnTarget">Interference of the source's edit on the target's; null for the other kinds.</param>
/// <param name="OnSource">Interference of the target's edit on the source's; null where that one wrote nothing to measure by.</param>
public sealed record MergeConflict(ConflictKind Kind, EditId Edit, EditId With, double? OnTarget, double? OnSource);

/// <summary>What somebody decided about a merge.</summary>
/// <param name="Edits">Edit by edit.</param>
/// <param name="Conflicts">For the edits in conflict that are not among them; null to be asked.</param>
public sealed record MergeChoices(ImmutableDictionary<EditId, Resolution> Edits, Resolution? Conflicts)
{
    public static MergeChoices None { get; } = new(ImmutableDictionary<EditId, Resolution>.Empty, null);

    /// <summary>What is to be done with an edit; null where nobody said and it is not clear.</summary>
    public Resolution? Of(EditId edit, bool inConflict) => Edits.TryGetValue(edit, out var chosen) ? chosen : inConflict ? Conflicts : Resolution.Theirs;
}

/// <summary>One edit of a merge, with what stands against it and what is to be done.</summary>
/// <param name="Resolution">Null where a conflict waits for somebody to say.</param>
public sealed record PlannedEdit(MergeItem Item, ImmutableArray<MergeConflict> Conflicts, Resolution? Resolution)
{
    public EditId Edit => Item.Edit;

    /// <summary>The target's edits in effect that it is in conflict with.</summary>
    public ImmutableArray<EditId> Over => [.. Conflicts.Where(c => c.Kind != ConflictKind.Decision).Select(c => c.With).Distinct()];
}

/// <summary>A merge before it is decided: what would be taken, in order, and every conflict, judged by the factors as both timelines have them now.</summary>
public sealed record MergePlan(ImmutableArray<PlannedEdit> Edits)
{
    /// <summary>The interference above which somebody is asked (docs/decisions/0011-merge-conflicts.md).</summary>
    public const double InterferenceBound = 0.5;

    /// <summary>Those that cannot be taken over before somebody says how.</summary>
    [JsonIgnore]
    public IEnumerable<PlannedEdit> Unresolved => Edits.Where(e => e.Resolution is null);

    /// <param name="items">What would be taken.</param>
    /// <param name="bound">Interference above it is a conflict.</param>
    /// <exception cref="ResolutionException">A choice that does not fit its conflict.</exception>
    public static MergePlan Of(TimelineHistory target, TimelineHistory source, IReadOnlyList<MergeItem> items, double bound, MergeChoices choices, CancellationToken token)
    {
        var staying = Staying(target, source, items, choices);
        var entering = items.Where(i => i.Enters).Select(i => EffectiveEdit.Of(i.Record, source.Present(i.Edit))).ToArray();
        var facts = new FactIndex(staying);
        var interference = Interfering(entering, staying, bound, token);
        return new MergePlan([.. items.Select(item =>
        {
            ImmutableArray<MergeConflict> conflicts =
            [
                .. item.DecidedHere is null ? [] : new[] { new MergeConflict(ConflictKind.Decision, item.Edit, item.Edit, null, null) },
                .. item.Enters ? facts.Conflicting(item.Record.Request).Select(o => new MergeConflict(ConflictKind.Fact, item.Edit, o.Edit, null, null)) : [],
                .. interference[item.Edit],
            ];
            var resolution = choices.Of(item.Edit, !conflicts.IsEmpty);
            if (resolution == Resolution.Both && conflicts is [{ Kind: ConflictKind.Decision }])
                throw new ResolutionException($"Edit {item.Edit.Short()} was decided about on both timelines, and cannot stand both ways.", $"give it one of its own:  --resolve {item.Edit.Short()}=theirs, =ours or =skip");
            return new PlannedEdit(item, conflicts, resolution);
        })]);
    }

    /// <summary>The target's edits in effect that the source does not have in effect, and that this very merge does not take out.</summary>
    private static EffectiveEdit[] Staying(TimelineHistory target, TimelineHistory source, IReadOnlyList<MergeItem> items, MergeChoices choices)
    {
        var leaving = items.Where(i => !i.Enters && choices.Of(i.Edit, i.DecidedHere is not null) is Resolution.Theirs or Resolution.Both).Select(i => i.Edit).ToHashSet();
        return [.. target.EditsInEffect().Where(o => source.Timeline.Edits.GetValueOrDefault(o.Edit)?.Status != EditStatus.InEffect && !leaving.Contains(o.Edit))];
    }

    private static ILookup<EditId, MergeConflict> Interfering(EffectiveEdit[] entering, EffectiveEdit[] staying, double bound, CancellationToken token)
    {
        var onTarget = Interference.Largest(entering, staying, bound, int.MaxValue, token).ToDictionary(i => (i.By, i.On), i => i.Value);
        var onSource = Interference.Largest(staying, entering, bound, int.MaxValue, token).ToDictionary(i => (By: i.On, On: i.By), i => i.Value);
        var (theirs, ours) = (entering.ToDictionary(e => e.Edit), staying.ToDictionary(e => e.Edit));
        var order = staying.Select((e, i) => (e.Edit, i)).ToDictionary(x => x.Edit, x => x.i);
        return onTarget.Keys.Union(onSource.Keys).OrderBy(pair => order[pair.On]).ToLookup(
            pair => pair.By,
            pair => new MergeConflict(
                ConflictKind.Interference, pair.By, pair.On,
                onTarget.TryGetValue(pair, out var on) ? on : One(theirs[pair.By], ours[pair.On]), onSource.TryGetValue(pair, out var back) ? back : One(ours[pair.On], theirs[pair.By])));

        double? One(EffectiveEdit by, EffectiveEdit on) => Interference.Largest([by], [on], -1, 1, token) is [var only] ? only.Value : null;
    }
}

/// <summary>A choice that does not fit the merge.</summary>
public sealed class ResolutionException(string problem, string remedy) : LedgerException(problem, remedy)
{
    public override FailureKind Kind => FailureKind.BadInput;
}
