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

    /// <exception cref="SetupException">There is a timeline of that name.</exception>
    public TimelineStarted Start(TimelineId id, string name, Fork? fork, string purpose, TimelineOrigin origin) =>
        Timelines.Values.Any(t => t.Started.Name == name)
            ? throw new SetupException($"There is a timeline \"{name}\" already.", "choose another name")
            : new TimelineStarted(id, name, fork, purpose, origin);

    /// <summary>The timeline of a name.</summary>
    /// <exception cref="RevisionUnknownException">There is none.</exception>
    public TimelineEntry Timeline(string name) =>
        Timelines.Values.FirstOrDefault(t => t.Started.Name == name)
        ?? throw new RevisionUnknownException($"There is no timeline \"{name}\".", $"the timelines are {string.Join(", ", Timelines.Values.Select(t => t.Started.Name).Order(StringComparer.Ordinal))}");

    /// <exception cref="SetupException">C was not measured yet.</exception>
    public KeyStatistics RequireStatistics() =>
        Statistics ?? throw new SetupException("This ledger has no key statistics yet, so no edit can be computed.", "measure them:  ledger keystats TEXT…");

    /// <exception cref="SetupException">The opening was cut short.</exception>
    public ContextTemplates RequireTemplates() => Templates?.Templates ?? throw NotReady("context templates");

    private static SetupException NotReady(string what) =>
        new($"This ledger has no {what}: its opening did not finish.", "remove the file and open it again; it holds no edits");
}
