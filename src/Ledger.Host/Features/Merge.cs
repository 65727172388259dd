using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Domain.Ports;
using Ledger.Host.Sessions;
using Ledger.Projections.Merging;
using Ledger.Projections.Timelines;
using MediatR;

namespace Ledger.Host.Features;

/// <summary>Takes over what another timeline has and this one lacks: everything (merge), or single edits (cherry-pick). One event.</summary>
public static class Merge
{
    /// <param name="DryRun">Compute everything, append nothing.</param>
    public sealed record Request(TakeEdits Command, LedgerPaths Ledger, string Timeline, string? Model, bool DryRun) : IRequest<Result>, ICarriesCommand
    {
        object ICarriesCommand.Command => Command;
    }

    /// <summary>The stable fields of <c>merge --json</c> and <c>cherry-pick --json</c>.</summary>
    /// <param name="Recorded">False for a dry run, for conflicts that wait for a resolution, and where nothing was to be taken.</param>
    /// <param name="Revision">The revision it made or, with a dry run, would make; the head where there is nothing to record.</param>
    /// <param name="Source">The timeline taken from.</param>
    /// <param name="Bound">Interference above it is a conflict.</param>
    /// <param name="Edits">What the source has and the target lacks, in the order in which it is taken.</param>
    /// <param name="State">The state id after.</param>
    public sealed record Result(
        bool Recorded, string Timeline, long Revision, string Source, long SourceRevision, ReplayMode Mode, double Bound, IReadOnlyList<Line> Edits, StateId State, int InEffect)
    {
        /// <summary>How many edits wait for a resolution; nothing was recorded while there are any.</summary>
        public int Unresolved => Edits.Count(e => e.Resolution is null);

        /// <summary>Whether there was anything to record.</summary>
        public bool Changes => Edits.Any(e => e.Resolution is not (null or Resolution.Skip));
    }

    /// <param name="Variant">Of the factors taken.</param>
    /// <param name="AbsDelta">|Δ| of the factors taken.</param>
    /// <param name="Revision">The source's revision by which it stands as it does there.</param>
    /// <param name="There">How it stands at the source.</param>
    /// <param name="Before">How it stood here; null where it was not here.</param>
    /// <param name="After">How it stands here now; null where it is not here.</param>
    /// <param name="Resolution">Null where a conflict waits for somebody to say.</param>
    /// <param name="GaveWay">Edits of this timeline that were reverted for it.</param>
    /// <param name="Caught">What the gate found, in mode <c>values</c>.</param>
    public sealed record Line(
        EditId Edit, string Prompt, string Subject, string Target, Variant Variant, double AbsDelta, long Revision, EditStatus There, EditStatus? Before, EditStatus? After,
        Resolution? Resolution, IReadOnlyList<EditId> GaveWay, IReadOnlyList<Finding> Caught, IReadOnlyList<Conflict> Conflicts);

    /// <param name="With">The edit of this timeline that it is in conflict with; the edit itself where the decisions differ.</param>
    /// <param name="Revision">The revision of this timeline by which that one stands as it does.</param>
    /// <param name="Status">How it stands here.</param>
    /// <param name="OnTarget">Interference of the source's edit on this timeline's.</param>
    /// <param name="OnSource">Interference of this timeline's edit on the source's.</param>
    public sealed record Conflict(ConflictKind Kind, EditId With, string Prompt, string Subject, string Target, long Revision, EditStatus Status, double? OnTarget, double? OnSource);

    public sealed class Handler(LedgerSessions sessions, BaseGuard guard) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            var command = request.Command;
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var target = await session.HistoryAsync(request.Timeline, token);
            session.Setup.RequireOpen(target.Timeline.Id);
            var point = await session.PointAsync(command.From, token);
            // What lies before a branch's fork is the parent's, and is recorded as taken from there.
            var (what, owner) = (command.Edits is null ? "merged" : "cherry-picked", session.Setup.Owner(point.Timeline, point.Revision));
            if (point.Timeline.Started.Timeline == target.Timeline.Id || (command.Edits is not null && owner.Started.Timeline == target.Timeline.Id))
                throw new TakeException($"{target.Name} cannot be {what} into itself.", "name another timeline; to put a reverted edit back:  ledger reinstate EDIT --reason \"…\"");
            var source = (await session.HistoryAsync(point.Timeline, point.Revision, token)).At(point.Revision);

            var picked = new List<EditId>();
            foreach (var named in command.Edits ?? []) picked.Add(await session.FindEditAsync(source, named, token));
            var items = command.Edits is null ? MergeItem.Lacking(target, source, new KnownDecisions(session.Read)) : MergeItem.Picked(target, source, picked);
            var plan = MergePlan.Of(target, source, items, command.Interference, await Resolutions.ParseAsync(session, command.Resolve, items, source, token), token);
            if (plan.Unresolved.Any() || plan.Edits.All(e => e.Resolution == Resolution.Skip)) return Outcome(target.Timeline, null, recorded: false);

            var taken = command.Mode == ReplayMode.Values ? Takeover.Values(plan, target, source, session.Setup.Policy, token) : Takeover.Factors(plan);
            var (id, name) = (owner.Started.Timeline, owner.Started.Name);
            EditsTaken e = command.Edits is null
                ? target.Timeline.Merge(id, name, point.Revision, command.Mode, taken, command.Reason, null)
                : target.Timeline.CherryPick(id, name, point.Revision, command.Mode, taken, command.Reason, null);
            e = (EditsTaken)new Milestones(session, guard, request.Model).Marked(target, e, source, token);
            TakeTooLargeException.ThrowIfTooLarge(e, plan, name);
            var after = target.Timeline.Evolve(e);
            var result = Outcome(after, e, recorded: !request.DryRun);
            if (!request.DryRun) await session.AppendAsync(target.Tip, e, CommandContext.For(command.Author), token);
            return result;

            Result Outcome(Timeline after, EditsTaken? e, bool recorded) => new(
                recorded, target.Name, after.Revision, owner.Started.Name, point.Revision, command.Mode, command.Interference,
                [.. plan.Edits.Select((p, i) => LineOf(p, e?.Edits[i], target, after))], after.State, after.InEffect.Count);
        }

        private static Line LineOf(PlannedEdit planned, TakenEdit? taken, TimelineHistory target, Timeline after)
        {
            var (item, request) = (planned.Item, planned.Item.Record.Request);
            return new Line(
                item.Edit, request.Prompt, request.Subject, request.Target, item.There.Variant, taken?.AbsDelta ?? item.There.AbsDelta, item.Revision, item.There.Status, item.Here?.Status,
                after.Edits.GetValueOrDefault(item.Edit)?.Status, taken?.Resolution ?? planned.Resolution, taken is { IsTaken: true } t ? t.GivingWay : [], taken?.Caught ?? [],
                [.. planned.Conflicts.Select(c => ConflictOf(c, item, target))]);
        }

        private static Conflict ConflictOf(MergeConflict c, MergeItem item, TimelineHistory target)
        {
            var (request, entry) = (target.Record(c.With).Request, target.Timeline.Known(c.With));
            var revision = c.Kind == ConflictKind.Decision ? item.DecidedHere!.Value : target.Tip.PutInEffect(c.With)!.Value;
            return new Conflict(c.Kind, c.With, request.Prompt, request.Subject, request.Target, revision, entry.Status, c.OnTarget, c.OnSource);
        }
    }
}

/// <summary>How somebody writes what to do with edits in conflict.</summary>
internal static class Resolutions
{
    private const string Forms = "write EDIT=theirs, EDIT=ours, EDIT=both or EDIT=skip; all=… is for every conflict without one of its own";

    private static readonly Dictionary<string, Resolution> Names = new()
    {
        ["theirs"] = Resolution.Theirs, ["ours"] = Resolution.Ours, ["both"] = Resolution.Both, ["skip"] = Resolution.Skip,
    };

    /// <exception cref="ResolutionException">Not of that form, or about an edit that is not to be taken.</exception>
    public static async Task<MergeChoices> ParseAsync(LedgerSession session, IReadOnlyList<string> written, ImmutableArray<MergeItem> items, TimelineHistory source, CancellationToken token)
    {
        var choices = MergeChoices.None;
        foreach (var text in written)
        {
            if (text.Split('=') is not [{ Length: > 0 } named, var word] || !Names.TryGetValue(word, out var resolution)) throw new ResolutionException($"\"{text}\" is not a resolution.", Forms);
            if (named == "all")
            {
                if (choices.Conflicts is not null) throw Twice(named);
                choices = choices with { Conflicts = resolution };
                continue;
            }
            var edit = await session.FindHereAsync(source, named, token);
            if (items.All(i => i.Edit != edit))
                throw new ResolutionException($"Edit {edit.Short()} is not among those to be taken.", items.IsEmpty ? "leave --resolve out" : $"they are {string.Join(", ", items.Take(8).Select(i => i.Edit.Short()))}{(items.Length > 8 ? ", …" : "")}");
            if (choices.Edits.ContainsKey(edit)) throw Twice(named);
            choices = choices with { Edits = choices.Edits.Add(edit, resolution) };
        }
        return choices;
    }

    private static ResolutionException Twice(string named) => new($"--resolve says twice what to do with {named}.", "say it once");
}

/// <summary>What would be taken does not fit into one event.</summary>
public sealed class TakeTooLargeException : LedgerException
{
    private TakeTooLargeException(string problem, string remedy)
        : base(problem, remedy)
    {
    }

    public override FailureKind Kind => FailureKind.BadInput;

    /// <exception cref="TakeTooLargeException">The event is larger than every store can hold.</exception>
    public static void ThrowIfTooLarge(EditsTaken e, MergePlan plan, string source)
    {
        var bytes = EventJson.Serialize(e).Length;
        if (bytes <= IEventStore.MaxEventBytes) return;
        var (fit, more) = (0, e.Edits.Length);                      // so many fit, so many do not
        while (more - fit > 1)
        {
            var half = (fit + more) / 2;
            if (EventJson.Serialize(e with { Edits = e.Edits[..half] }).Length <= IEventStore.MaxEventBytes) fit = half;
            else more = half;
        }
        throw new TakeTooLargeException(
            $"To take {e.Edits.Length:N0} edits over is an event of {bytes:N0} bytes; one has at most {IEventStore.MaxEventBytes:N0}.",
            fit == 0 ? "give a shorter reason"
            : e is TimelineMerged ? $"{fit:N0} of them fit: merge up to an earlier revision first, and then the rest:  ledger merge {source}@{plan.Edits[fit].Item.Revision - 1} --reason \"…\""
            : $"{fit:N0} of them fit: pick the others afterwards");
    }
}
