using System.Collections.Immutable;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;

namespace Ledger.Domain;

/// <summary>A timeline as its ledger knows it.</summary>
/// <param name="Started">The event that started it.</param>
/// <param name="StartHash">That event's hash: <c>main</c>'s chain goes on from it.</param>
public sealed record TimelineEntry(TimelineStarted Started, Digest StartHash)
{
    /// <summary>What the timeline's first event has as its previous hash.</summary>
    public Digest ChainStart => Started.Fork?.EventHash ?? StartHash;

    /// <summary>The revision that its own stream's first event makes.</summary>
    public long FirstRevision => (Started.Fork?.Revision ?? 0) + 1;
}

/// <summary>What a ledger stands on: one base, one matrix, one set of templates, one C, the gate's policies, the timelines. Folded from its own stream.</summary>
public sealed record LedgerSetup
{
    public const string Main = "main";

    public LedgerOpened? Opened { get; private init; }
    public ContextTemplatesDrawn? Templates { get; private init; }
    public KeyStatistics? Statistics { get; private init; }

    /// <summary>Every policy ever set, the present one last.</summary>
    public ImmutableList<GatePolicy> Policies { get; private init; } = [];

    public ImmutableDictionary<TimelineId, TimelineEntry> Timelines { get; private init; } = ImmutableDictionary<TimelineId, TimelineEntry>.Empty;

    /// <summary>Which revision a tag names.</summary>
    public ImmutableDictionary<string, RevisionTagged> Tags { get; private init; } = ImmutableDictionary<string, RevisionTagged>.Empty;

    /// <summary>Replays that began, by the timeline they make.</summary>
    public ImmutableDictionary<TimelineId, ReplayStarted> Replays { get; private init; } = ImmutableDictionary<TimelineId, ReplayStarted>.Empty;

    /// <summary>Those of them that reached their end.</summary>
    public ImmutableDictionary<TimelineId, ReplayCompleted> Replayed { get; private init; } = ImmutableDictionary<TimelineId, ReplayCompleted>.Empty;

    /// <summary>Timelines to which nothing is added any more.</summary>
    public ImmutableDictionary<TimelineId, TimelineClosed> Closed { get; private init; } = ImmutableDictionary<TimelineId, TimelineClosed>.Empty;

    /// <summary>How many events made this.</summary>
    public long Events { get; private init; }

    /// <summary>The hash of the last of them.</summary>
    public Digest Head { get; private init; }

    public static LedgerSetup Empty { get; } = new();

    /// <exception cref="SetupException">No policy was set: the opening was cut short.</exception>
    public GatePolicy Policy => Policies.Count > 0 ? Policies[^1] : throw NotReady("gate policy");

    /// <exception cref="SetupException">The ledger's first event is not there.</exception>
    public LedgerOpened Base => Opened ?? throw NotReady("opening");

    public LedgerSetup Evolve(SetupEvent e, Digest hash) => (this with { Events = Events + 1, Head = hash }).Fold(e, hash);

    private LedgerSetup Fold(SetupEvent e, Digest hash) => e switch
    {
        LedgerOpened x => this with { Opened = x },
        ContextTemplatesDrawn x => this with { Templates = x },
        KeyStatisticsRecorded x => this with { Statistics = x.Statistics },
        GatePolicySet x => this with { Policies = Policies.Add(x.Policy) },
        TimelineStarted x => this with { Timelines = Timelines.Add(x.Timeline, new TimelineEntry(x, hash)) },
        ReplayStarted x => this with { Replays = Replays.SetItem(x.Timeline, x) },
        ReplayCompleted x => this with { Replayed = Replayed.SetItem(x.Timeline, x) },
        TimelineClosed x => this with { Closed = Closed.SetItem(x.Timeline, x) },
        RevisionTagged x => this with { Tags = Tags.SetItem(x.Tag, x) },
        _ => throw new NoRuleException(EventJson.NameOf(e), Events - 1),
    };

    /// <exception cref="SetupException">The ledger is open already.</exception>
    public LedgerOpened Open(LedgerId id, string name, BaseCheckpoint checkpoint, string foundAt, MatrixAddress matrix, Digest baseMatrix, Hyperparameters hyperparameters) =>
        Opened is null
            ? new LedgerOpened(id, name, checkpoint, foundAt, matrix, baseMatrix, hyperparameters)
            : throw new SetupException($"This file holds the ledger \"{Opened.Name}\" already.", "open another file");

    /// <exception cref="SetupException">The ledger has templates already: a replay must use the same ones.</exception>
    public ContextTemplatesDrawn Draw(ContextTemplates templates) =>
        Templates is null ? new ContextTemplatesDrawn(templates, templates.Digest) : throw new SetupException("This ledger has its context templates already.", "open another ledger for other templates");

    /// <exception cref="SetupException">The ledger has its C already, or C does not fit the matrix.</exception>
    public KeyStatisticsRecorded Record(KeyStatistics statistics)
    {
        if (Statistics is not null) throw new SetupException($"This ledger has its key statistics already, over {Statistics.Tokens:N0} tokens.", "open another ledger for another C");
        ShapeException.Require(statistics.Dk == Base.Matrix.Dk, "C", Base.Matrix.Dk, statistics.Dk);
        return new KeyStatisticsRecorded(statistics);
    }

    /// <exception cref="SetupException">That version of the policy is set already.</exception>
    public GatePolicySet Set(GatePolicy policy) =>
        Policies.Any(p => p.Name == policy.Name && p.Version >= policy.Version)
            ? throw new SetupException($"This ledger has had {policy} or a later version.", "give the policy a higher version")
            : new GatePolicySet(policy);

    /// <exception cref="SetupException">The name is taken, or is none.</exception>
    public TimelineStarted Start(TimelineId id, string name, Fork? fork, string purpose, TimelineOrigin origin)
    {
        RequireFree(name, "a timeline");
        return new TimelineStarted(id, name, fork, purpose, origin);
    }

    /// <summary>Gives a revision a name; a name that is a tag already moves.</summary>
    /// <exception cref="SetupException">The name is a timeline's, or is none.</exception>
    public RevisionTagged Tag(string tag, TimelineId timeline, long revision, bool move)
    {
        if (!(move && Tags.ContainsKey(tag))) RequireFree(tag, "a tag");
        return new RevisionTagged(tag, timeline, revision);
    }

    /// <exception cref="SetupException">It is closed already, or is <c>main</c>.</exception>
    public TimelineClosed Close(TimelineId timeline, string reason)
    {
        var entry = Timelines[timeline];
        if (entry.Started.Name == Main) throw new SetupException($"{Main} cannot be closed.", "close a branch");
        RequireOpen(timeline);
        return new TimelineClosed(timeline, reason);
    }

    /// <summary>Begins a replay; null where this very one was begun before.</summary>
    /// <exception cref="SetupException">Another one was begun into its timeline.</exception>
    public ReplayStarted? Begin(ReplayStarted replay) =>
        !Replays.TryGetValue(replay.Timeline, out var begun) ? replay
        : begun == replay ? null
        : throw OtherOptions(Timelines[replay.Timeline].Started.Name);

    /// <summary>The timeline of that name is another replay than the one asked for.</summary>
    public static SetupException OtherOptions(string timeline) =>
        new($"\"{timeline}\" is a replay that was begun with other options.", "repeat the very command to go on with it, or choose another name");

    /// <summary>Ends a replay; null where somebody else did.</summary>
    public ReplayCompleted? Complete(ReplayCompleted replay) => Replayed.ContainsKey(replay.Timeline) ? null : replay;

    /// <exception cref="SetupException">Nothing is added to the timeline any more.</exception>
    public void RequireOpen(TimelineId timeline)
    {
        if (Closed.TryGetValue(timeline, out var closed))
            throw new SetupException($"{Timelines[timeline].Started.Name} is closed: {closed.Reason}", $"branch from it to go on:  ledger branch NAME --from {Timelines[timeline].Started.Name}");
    }

    /// <summary>The timeline of a name, or of an id or its unambiguous beginning.</summary>
    /// <exception cref="RevisionUnknownException">There is none, or there are several.</exception>
    public TimelineEntry Timeline(string name) =>
        FindTimeline(name) ?? throw new RevisionUnknownException($"There is no timeline \"{name}\".", NearNames.Suggest(name, TimelineNames(), "the timelines are"));

    /// <summary>The same; null where there is none.</summary>
    /// <exception cref="RevisionUnknownException">Several ids begin so.</exception>
    public TimelineEntry? FindTimeline(string name)
    {
        if (Timelines.Values.FirstOrDefault(t => t.Started.Name == name) is { } named) return named;
        if (!TimelineId.IsBeginning(name)) return null;
        var beginning = TimelineId.Normal(name);
        var found = Timelines.Values.Where(t => t.Started.Timeline.ToString().StartsWith(beginning, StringComparison.Ordinal)).OrderBy(t => t.Started.Name, StringComparer.Ordinal).ToList();
        return found.Count <= 1 ? found.FirstOrDefault()
            : throw new RevisionUnknownException($"\"{name}\" fits the ids of {found.Count} timelines.", $"name one: {string.Join(", ", found.Take(8).Select(t => t.Started.Name))}");
    }

    /// <summary>A timeline and the ones it came from, the oldest (<c>main</c>) first.</summary>
    public IReadOnlyList<TimelineEntry> Ancestry(TimelineEntry timeline)
    {
        var found = new List<TimelineEntry> { timeline };
        for (var fork = timeline.Started.Fork; fork is not null; fork = found[^1].Started.Fork) found.Add(Timelines[fork.Parent]);
        found.Reverse();
        return found;
    }

    /// <summary>The timeline in whose own stream a revision lies: the timeline itself, or the ancestor it had the revision from.</summary>
    public TimelineEntry Owner(TimelineEntry timeline, long revision)
    {
        while (timeline.Started.Fork is { } fork && revision <= fork.Revision) timeline = Timelines[fork.Parent];
        return timeline;
    }

    /// <summary>Whether a revision of one timeline is the other's too: inherited from the same ancestor, or its own.</summary>
    public bool Share(TimelineEntry one, TimelineEntry other, long revision) => Owner(one, revision).Started.Timeline == Owner(other, revision).Started.Timeline;

    /// <summary>The last revision of an ancestor that a timeline has from it; no bound for the timeline itself.</summary>
    public long LastOf(TimelineEntry ancestor, TimelineEntry timeline)
    {
        var last = long.MaxValue;
        for (var at = timeline; at.Started.Timeline != ancestor.Started.Timeline; at = Timelines[at.Started.Fork!.Parent]) last = at.Started.Fork!.Revision;
        return last;
    }

    private IEnumerable<string> TimelineNames() => Timelines.Values.Select(t => t.Started.Name);

    private void RequireFree(string name, string what)
    {
        if (!RevisionName.IsName(name)) throw new SetupException($"\"{name}\" cannot be {what}'s name.", RevisionName.NameRule);
        if (TimelineNames().FirstOrDefault(IsSame) is { } timeline) throw new SetupException($"There is a timeline \"{timeline}\" already.", Another(timeline));
        if (Tags.Keys.FirstOrDefault(IsSame) is { } tag) throw new SetupException($"\"{tag}\" is a tag already.", Another(tag));

        bool IsSame(string taken) => taken.Equals(name, StringComparison.OrdinalIgnoreCase);
        string Another(string taken) => "choose another name" + (taken == name ? "" : ": capitals alone do not tell two apart");
    }

    /// <exception cref="SetupException">C was not measured yet.</exception>
    public KeyStatistics RequireStatistics() =>
        Statistics ?? throw new SetupException("This ledger has no key statistics yet, so no edit can be computed.", "measure them:  ledger keystats TEXT…");

    /// <exception cref="SetupException">The opening was cut short.</exception>
    public ContextTemplates RequireTemplates() => Templates?.Templates ?? throw NotReady("context templates");

    private static SetupException NotReady(string what) =>
        new($"This ledger has no {what}: its opening did not finish.", "remove the file and open it again; it holds no edits");
}
