using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Domain.Ports;
using Ledger.Host.Sessions;
using Ledger.Projections.Replay;
using Ledger.Projections.Timelines;

namespace Ledger.Host.Features.Replaying;

/// <summary>A replay as asked for, understood and checked: nothing is recorded until all of it holds.</summary>
/// <param name="Source">Up to the last revision that is replayed.</param>
/// <param name="From">The last revision that stays as it is.</param>
/// <param name="Started">The event that begins it.</param>
/// <param name="Only">How many edits were named as the only ones; 0 where none were.</param>
/// <param name="Resumes">Whether it was begun before.</param>
internal sealed record ReplayOrder(TimelineHistory Source, long From, ReplayStarted Started, ReplayRules Rules, ImmutableArray<ReplayStep> Steps, int Only, bool Resumes)
{
    /// <summary>What <see cref="ReplayTimeline.Request.Gate"/> says to have the gate stop nothing.</summary>
    public const string GateOff = "off";

    public bool NeedsModel => Started.Mode is ReplayMode.Optimise or ReplayMode.Auto;

    /// <summary>What it is for, where nobody says.</summary>
    public string Purpose =>
        $"replay of {Source.Name}@{Started.To}{(Started.Variant is { } v ? $" as {v.Name()}" : "")}, {Started.Mode.ToString().ToLowerInvariant()}"
        + (Only > 0 ? $", only {Only}" : Started.Without.Length > 0 ? $", without {Started.Without.Length}" : "") + (Started.Order.Length > 0 ? ", reordered" : "");

    /// <exception cref="LedgerException">Something asked for is not there, or does not fit; nothing was recorded.</exception>
    public static async Task<ReplayOrder> OfAsync(LedgerSession session, ReplayTimeline.Request request, CancellationToken token)
    {
        var point = await session.PointAsync(request.Source, token);
        var from = await FromAsync(session, request, point, token);
        var mode = request.Mode ?? (request.Variant is null ? ReplayMode.Factors : ReplayMode.Values);
        if (mode == ReplayMode.Factors && request.Variant is not null) throw new SetupException("Mode factors keeps the recorded factors, which are their own variant's.", "choose --mode values, optimise or auto to change the variant");
        if (mode == ReplayMode.Factors && request.Gate is not null) throw new SetupException("Mode factors does not ask the gate: every recorded outcome stands.", "leave --gate out, or choose another mode");
        var gate = Policy(session.Setup, request.Gate);

        var entry = session.Setup.Timelines.Values.FirstOrDefault(t => t.Started.Name == request.As);
        if (entry is null) session.Setup.Start(default, request.As, null, "", TimelineOrigin.Replayed);          // says what is wrong with the name
        var begun = entry is null ? null : session.Setup.Replays.GetValueOrDefault(entry.Started.Timeline);
        // What came to the source since a run was begun is not its matter, unless somebody names another end.
        var to = begun is null || NamesEnd(session.Setup, request.Source) ? point.Revision : begun.To;
        var wanted = new ReplayStarted(
            entry?.Started.Timeline ?? NewIds.Timeline(), point.Timeline.Started.Timeline, from + 1, to, mode, request.Variant, [], [], mode == ReplayMode.Factors ? null : gate.ToString(), request.OutcomesAsRecorded);
        // Before the source is read: an end that is not there is another one than the replay was begun with.
        if (entry is not null) RequireSame(session.Setup, entry, begun is null ? null : begun with { Without = [], Order = [] }, wanted);
        if (to <= from) throw new SetupException($"{point.Name} has nothing to replay after revision {from}.", "begin earlier with --from, or edit something first");

        var source = (await session.HistoryAsync(point.Timeline, to, token)).At(to);
        var (without, only) = await WithoutAsync(session, source, from, request, token);
        wanted = wanted with { Without = without, Order = [.. request.Order.Select(source.Find)] };
        session.Setup.Begin(wanted);
        var steps = ReplayPlan.Of(source, from, without, wanted.Order, withoutDismissed: mode != ReplayMode.Factors && !request.OutcomesAsRecorded);
        ReplayTooLargeException.ThrowIfTooLarge(wanted, only);
        return new ReplayOrder(source, from, wanted, new ReplayRules(mode, request.Variant, gate, request.OutcomesAsRecorded), steps, only, begun is not null);
    }

    /// <summary>Whether a name says up to which revision, and not only of what.</summary>
    private static bool NamesEnd(LedgerSetup setup, RevisionName name) => name.Revision is not null || name.Time is not null || (name.Name is { } tag && setup.Tags.ContainsKey(tag));

    private static async Task<long> FromAsync(LedgerSession session, ReplayTimeline.Request request, RevisionPoint source, CancellationToken token)
    {
        if (request.From is null) return 0;
        var from = await session.PointAsync(request.From, token);
        return session.Setup.Share(source.Timeline, from.Timeline, from.Revision) && from.Revision <= source.Revision ? from.Revision
            : throw new SetupException($"{from} is not a revision of {source}.", $"name one of {source.Name} up to {source.Revision}");
    }

    private static GatePolicy Policy(LedgerSetup setup, string? named) => named switch
    {
        null => setup.Policy,
        GateOff => setup.Policy.Observed(),
        _ => setup.Policies.LastOrDefault(p => p.Name == named || p.ToString() == named)
            ?? throw new SetupException($"This ledger has had no gate policy \"{named}\".", $"say off, or one of {string.Join(", ", setup.Policies)}"),
    };

    /// <returns>What is left out, and how many edits were named as the only ones.</returns>
    private static async Task<(ImmutableArray<EditId> Without, int Only)> WithoutAsync(LedgerSession session, TimelineHistory source, long from, ReplayTimeline.Request request, CancellationToken token)
    {
        if (request.Without.Count > 0 && request.Only.Count > 0) throw new SetupException("--without and --only contradict each other.", "name the edits to leave out, or those to replay");
        var only = await FindAsync(request.Only);
        var inherited = source.At(from).Timeline.Edits;
        foreach (var edit in only.Where(inherited.ContainsKey)) throw ReplayPlanException.NotReplayed(edit, source.Name, from);
        IEnumerable<EditId> without = only.Count > 0 ? source.Timeline.Edits.Keys.Where(e => !only.Contains(e) && !inherited.ContainsKey(e)) : await FindAsync(request.Without);
        return ([.. without.OrderBy(e => e.Value)], only.Count);

        async Task<HashSet<EditId>> FindAsync(IReadOnlyList<string> named)
        {
            var found = new HashSet<EditId>();
            foreach (var edit in named) found.Add(await session.FindEditAsync(source, edit, token));
            return found;
        }
    }

    private static void RequireSame(LedgerSetup setup, TimelineEntry entry, ReplayStarted? begun, ReplayStarted wanted)
    {
        var name = entry.Started.Name;
        if (entry.Started.Origin != TimelineOrigin.Replayed) throw new SetupException($"There is a timeline \"{name}\" already, and it is no replay.", "choose another name");
        if (setup.Replayed.ContainsKey(entry.Started.Timeline)) throw new SetupException($"There is a timeline \"{name}\" already: a replay that is done.", "choose another name");
        if (begun is not null && begun != wanted) throw LedgerSetup.OtherOptions(name);
    }
}

/// <summary>A replay names more edits than the event that begins it can hold.</summary>
public sealed class ReplayTooLargeException : LedgerException
{
    private ReplayTooLargeException(string problem, string remedy)
        : base(problem, remedy)
    {
    }

    public override FailureKind Kind => FailureKind.BadInput;

    /// <summary>Asked before anything is appended. The start of the timeline, which comes first, is bounded by its command's validator.</summary>
    /// <param name="only">How many edits were named as the only ones; 0 where none were.</param>
    /// <exception cref="ReplayTooLargeException">The event is larger than every store can hold.</exception>
    public static void ThrowIfTooLarge(ReplayStarted e, int only)
    {
        var bytes = EventJson.Serialize(e).Length;
        if (bytes <= IEventStore.MaxEventBytes) return;
        throw new ReplayTooLargeException(
            $"A replay without {e.Without.Length:N0} edits{(e.Order.IsEmpty ? "" : $" and with {e.Order.Length:N0} in another order")} begins with an event of {bytes:N0} bytes; one has at most {IEventStore.MaxEventBytes:N0}.",
            only > 0 ? "begin later with --from, or pick the few onto a branch:  ledger branch NAME --from main@0, and then  ledger cherry-pick EDIT --from main -T NAME --reason \"…\"" : "begin later with --from");
    }
}
