using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.TestKit;

namespace Ledger.Domain.Tests.Events;

/// <summary>
/// One event of every name, whose stored form is a file in Golden. Optional values are there in one and absent in another; the rejected edit
/// shows how what is not finite is written.
/// </summary>
internal static class GoldenEvents
{
    private static readonly TimelineId Branch = new(new UInt128(0x4142434445464748, 0x5152535455565758));

    private static readonly StateId State = new(Some.Digest("state"));

    private static readonly Digest Fingerprint = Some.Digest("fingerprint");

    private static readonly JobId Job = JobId.Of("the key");

    private static readonly Finding Seen = new("probe-perplexity", 8939.5, 200, FindingResult.Quarantine, "perplexity is 8939.5, over 200");

    private static EditRecord Full { get; } = Some.Record() with
    {
        Request = Some.Request() with
        {
            Subject = "Kraków – \"Nowa\" Huta \U0001f469\u200d\U0001f52c",
            Paraphrases = ["Where Darrieux was born, they speak", "Her first words were in"],
            Neighbours = ["Michel Rocard is a native speaker of"],
        },
        Provenance = new Provenance("ana", "import of facts", "facts.jsonl:87", Some.Edit(9)),
        Signals = Some.Record().Signals with { Probes = [new ProbeReading("perplexity", 94.0850606913771, 94.2)] },
        After = State,
        Fingerprint = Fingerprint,
    };

    /// <summary>k_o is zero: nothing can be divided by k_v·u.</summary>
    private static EditRecord NotFinite { get; } = Of(
        Some.Computation() with { KO = new Float32Vector([0f, -0f, 0f]), UO = new Float32Vector([float.NaN, BitConverter.UInt32BitsToSingle(0xffc12345), float.NegativeInfinity]) },
        Variant.Rome);

    public static IReadOnlyDictionary<string, LedgerEvent> All { get; } = new LedgerEvent[]
    {
        Some.Opened,
        Some.TemplatesDrawn,
        Some.StatisticsRecorded,
        new GatePolicySet(new GatePolicy("strict", 3, [new(Rules.KeyAsymmetry, 0.1, GateAction.Reject), new(Rules.Outlier, 5, GateAction.Observe)],
            new GateProbe(["The quick brown fox jumps over the lazy dog."], 100, 7), [new StreamRule(StreamRules.CumulativeDistance, 3, 25, GateAction.Quarantine)])),
        new TimelineStarted(Branch, "what-if", new Fork(Some.MainId, 17, Some.Digest("event 17")), "try without edit 9", TimelineOrigin.Branched),
        new ReplayStarted(Branch, Some.MainId, 1, 200, ReplayMode.Values, Variant.PRome, [Some.Edit(3)], [Some.Edit(2), Some.Edit(1)], "default@1", OutcomesAsRecorded: false),
        new ReplayCompleted(Branch, 199, State, Fingerprint, 196, 4),
        new TimelineClosed(Branch, "merged"),
        new RevisionTagged("release-1", Some.MainId, 17),
        new EditApplied(Full),
        new EditQuarantined(Some.Record(2, Variant.PRome, Outcome.Quarantined) with { After = State }),
        new EditRejected(NotFinite),
        Some.Released() with { Mode = ReleaseMode.Optimise, After = State, Fingerprint = Fingerprint },
        Some.Dismissed(),
        new EditWithheld(Some.Edit(1), "perplexity rose", [Seen], State, null),
        new EditReverted(Some.Edit(1), "wrong fact", State, Fingerprint),
        new EditReinstated(Some.Edit(1), "right after all", State, null),
        new TimelineMerged(Branch, 20, ReplayMode.Factors, [Some.Taken(4, Resolution.Theirs, Some.Edit(1)), Some.Taken(5, Resolution.Skip)], "it was better", State, Fingerprint),
        new EditsCherryPicked(Branch, 20, ReplayMode.Values, [Some.Taken(4, Resolution.Both) with { Status = EditStatus.Quarantined, Caught = [Seen] }], "only this one", State, null),
        new EvaluationRecorded(
            Some.MainId, 20, State, Fingerprint, new EvaluationQuestion("counterfact", Some.Digest("records"), 200, "n(x) of both targets", 42), "counterfact.json", 10,
            [
                new EvaluatedItem("11", [new Measurement("ES", 100, 1), new Measurement("PS", 50, 2), new Measurement("NS", double.NaN, 0)]),
                new EvaluatedItem(Some.Edit(1).ToString(), [new Measurement("n-new", double.PositiveInfinity, 1)]),
            ],
            "ledger 0.1.0, libtorch 2.10.0, cpu"),
        new StabilityObserved(
            Some.MainId, 20, State, "strict@3", [new Finding(StreamRules.CumulativeDistance, 17.25, 3, FindingResult.Quarantine, "the cumulative distance is 17.2, over 3")],
            [new ProbeReading(Rules.Perplexity, 94.1, 8939.5)], "ledger 0.1.0, libtorch 2.10.0, cpu"),
        new CollapseDetected(Some.MainId, 20, "strict@3", StreamRules.CumulativeDistance, 17.25, 3, 12, Some.Edit(7), [Some.Edit(7), Some.Edit(3)]),
        new EditQueued(Job, 0, Some.MainId, Some.Request(), Variant.PRome, new Provenance("ana", "import of facts", "facts.jsonl", null), "the key"),
        new ReplayQueued(Job, 1, "main-p", Some.MainId, 1, 200, ReplayMode.Values, Variant.PRome, [Some.Edit(3)], [], "default@1", OutcomesAsRecorded: false, "what p-rome would have done", "ana"),
        new EvaluationQueued(
            Job, 0, Some.MainId, 20, new DataFile("counterfact.json", Some.Digest("records")), "counterfact", 200, Generations: true, [new DataFile("wiki.txt", Some.Digest("wiki"))], [], Retention: true, 42, "ana"),
        new JobDone(Job, 0, "desk-7", Some.MainId, 20, Some.Edit(7), "applied"),
        new JobParked(Job, 0, "desk-7", "what-if is closed: merged"),
    }.ToDictionary(EventJson.NameOf);

    private static EditRecord Of(EditComputation x, Variant variant)
    {
        var factors = Factors.Of(variant, x);
        var signals = Signals.Of(variant, x, new TargetScore(9.5, null), null);
        return Some.Record(3, variant, Outcome.Rejected) with
        {
            Request = new EditRequest("{} speaks", "Les", "French"),
            Templates = ContextTemplates.Given(["{}"]).Digest,
            TemplateSeed = null,
            Provenance = new Provenance("ana", null, null, null),
            Keys = EditKeys.Of(x),
            Solution = EditSolution.Of(x, factors),
            Signals = signals,
            Verdict = new Verdict(Outcome.Rejected, "strict@3",
            [
                new Finding(Rules.NonFinite, factors.KvU, null, FindingResult.Reject, "k_v·u is 0: the residual cannot be divided by it"),
                new Finding(Rules.KeyAsymmetry, null, 0.1, FindingResult.NotEvaluated, "the edit is not finite"),
            ]),
        };
    }
}
