using System.Globalization;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;

namespace Ledger.TestKit;

/// <summary>
/// Small valid things to test with: d_k 3, d_v 2. A number tells two of a kind apart; the same number gives the same thing, bit for bit,
/// everywhere.
/// </summary>
public static class Some
{
    public const int Dk = 3, Dv = 2;

    public static LedgerId LedgerId { get; } = new(new UInt128(0x0102030405060708, 0x1112131415161718));

    public static TimelineId MainId { get; } = new(new UInt128(0x2122232425262728, 0x3132333435363738));

    public static Digest BaseMatrix { get; } = Digest("base matrix");

    /// <summary>A timeline at the base.</summary>
    public static Timeline Main => Timeline.Start(MainId, LedgerSetup.Main, BaseMatrix);

    public static MatrixAddress Matrix { get; } = new(1, "model.layers.1.mlp.down_proj.weight", Dv, Dk);

    public static BaseCheckpoint Checkpoint { get; } = new(Digest("checkpoint"), "llama", "tiny-llama", 3, 123_456, "F32");

    public static ContextTemplates Templates { get; } = new(["{}", "The film was also. {}", " the night before.. {}"], [[464, 2646, 373, 635], [262, 1755, 878, 492]], 7);

    public static KeyStatistics Statistics { get; } = new(Digest("C"), KeyStatisticsOrigin.Measured, Digest("corpus"), ["wiki.txt"], null, 40, 5521, 512, 0.001, Dk);

    public static Digest Digest(string of) => Domain.Digest.Of(System.Text.Encoding.UTF8.GetBytes(of));

    public static EditId Edit(int n) => new(new UInt128(0xed17_0000_0000_0000, (ulong)n));

    public static Guid Guid(int n) => new(n, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);

    /// <summary>Sixteenths between −2 and 2, none zero.</summary>
    public static Float32Vector Vector(int length, int n) => Float32Vector.Create(length, span =>
    {
        for (var i = 0; i < span.Length; i++) span[i] = ((i * 37 + n * 23) % 61 - 30) / 16f + 1 / 64f;
    });

    public static EditRequest Request(int n = 1) => new($"The mother tongue of {{}}, no. {n}, is", "Danielle Darrieux", "English") { TrueTarget = "French", Relation = "P103" };

    /// <summary>Keys of one direction, so that every variant accepts them; δ and what the weights give differ by number.</summary>
    public static EditComputation Computation(int n = 1)
    {
        var (kBar, delta, m0) = (Vector(Dk, n), Vector(Dv, n + 1), Vector(Dv, n + 2));
        var kO = Scaled(kBar, 0.75f);
        return new EditComputation
        {
            KBar = kBar,
            KO = kO,
            UBar = Unit(kBar),
            UO = Unit(kO),
            BaseOutKBar = Vector(Dv, n + 3),
            BaseOutKO = m0,
            OutKBar = Vector(Dv, n + 3),
            M0 = m0,
            VE = Float32Vector.Create(Dv, span =>
            {
                for (var i = 0; i < span.Length; i++) span[i] = m0[i] + delta[i];
            }),
            Loss = [new LossPoint(6.25, 6, 0.125, 0.125, 0.0025, 0), new LossPoint(0.04, 0.03, 0.005, 0.005, 0.97, 1.5)],
            DeltaNorm = delta.Norm(),
            M0Norm = m0.Norm(),
        };
    }

    /// <summary>A computed edit, as the engine and the gate would leave it before it is recorded.</summary>
    public static EditRecord Record(int n = 1, Variant variant = Variant.RRome, Outcome outcome = Outcome.Applied)
    {
        var x = Computation(n);
        var factors = Factors.Of(variant, x);
        return new EditRecord
        {
            Edit = Edit(n),
            Request = Request(n),
            Variant = variant,
            Matrix = Matrix,
            Base = Checkpoint.Digest,
            Hyperparameters = Hyperparameters.Published,
            Templates = Templates.Digest,
            TemplateSeed = Templates.Seed,
            KeyStatistics = Statistics.Digest,
            Engine = "ledger 0.1.0, libtorch 2.10.0, cpu",
            Provenance = new Provenance("ana", "a test", "https://example.org/1", null),
            Keys = EditKeys.Of(x),
            Solution = EditSolution.Of(x, factors),
            Signals = Signals.Of(variant, x, new TargetScore(9.5, 0.05), new TargetScore(1.5, 8)),
            Verdict = Verdict(outcome),
            After = new StateId(Domain.Digest.Zero),
            Fingerprint = null,
        };
    }

    public static Verdict Verdict(Outcome outcome) => outcome switch
    {
        Outcome.Applied => new Verdict(outcome, "default@1", [new Finding(Rules.NonFinite, 1.5, null, FindingResult.Passed, "factors and keys are finite")]),
        Outcome.Quarantined => new Verdict(outcome, "default@1", [new Finding(Rules.KeyAsymmetry, 0.01, 0.1, FindingResult.Quarantine, "k·u ratio 0.01 is under 0.1")]),
        _ => new Verdict(outcome, "default@1", [new Finding(Rules.NonFinite, 0, null, FindingResult.Reject, "k_v·u is 0: the residual cannot be divided by it")]),
    };

    public static EditApplied Applied(int n = 1, Variant variant = Variant.RRome) => new(Record(n, variant));

    public static EditQuarantined Quarantined(int n = 1, Variant variant = Variant.RRome) => new(Record(n, variant, Outcome.Quarantined));

    public static EditRejected Rejected(int n = 1, Variant variant = Variant.RRome) => new(Record(n, variant, Outcome.Rejected));

    /// <summary>The quarantined edit of that number, let in under a variant.</summary>
    public static EditReleased Released(int n = 1, Variant variant = Variant.RRome)
    {
        var record = Record(n, variant, Outcome.Quarantined);
        return new EditReleased(
            record.Edit, variant, ReleaseMode.Values, record.Solution, record.Delta.Digest, record.Signals, Verdict(Outcome.Quarantined), "it is fine", record.After, null);
    }

    public static EditDismissed Dismissed(int n = 1) => new(Edit(n), "useless");

    public static EditWithheld Withheld(int n = 1) => new(Edit(n), "perplexity rose", [], new StateId(Domain.Digest.Zero), null);

    public static EditReverted Reverted(int n = 1) => new(Edit(n), "wrong fact", new StateId(Domain.Digest.Zero), null);

    public static EditReinstated Reinstated(int n = 1) => new(Edit(n), "right after all", new StateId(Domain.Digest.Zero), null);

    /// <summary>The edit of that number as a source timeline has it in effect.</summary>
    public static TakenEdit Taken(int n, Resolution resolution = Resolution.Theirs, params EditId[] over)
    {
        var record = Record(n);
        return new TakenEdit(record.Edit, resolution, [.. over], record.Delta.Digest, EditStatus.InEffect, record.Variant, record.Delta.Digest, record.Signals.Own.AbsDelta, []);
    }

    public static LedgerOpened Opened { get; } = new(LedgerId, "tiny", Checkpoint, "models/tiny-llama", Matrix, BaseMatrix, Hyperparameters.Published);

    public static ContextTemplatesDrawn TemplatesDrawn { get; } = new(Templates, Templates.Digest);

    public static KeyStatisticsRecorded StatisticsRecorded { get; } = new(Statistics);

    public static GatePolicySet PolicySet { get; } = new(GatePolicy.Default);

    public static TimelineStarted MainStarted { get; } = new(MainId, LedgerSetup.Main, null, "the ledger's own timeline", TimelineOrigin.Opened);

    public static EventMetadata Metadata(int n = 1) => new(
        Guid(n), DateTimeOffset.Parse("2026-11-24T05:06:07.1234567Z", CultureInfo.InvariantCulture).AddSeconds(n), "ana", Guid(1000), null, "ledger 0.1.0");

    /// <summary>The event as a store holds it, with a right hash.</summary>
    public static RecordedEvent Recorded(LedgerEvent e, long number = 0, StreamName? stream = null, Digest previous = default) =>
        Recorded(EventJson.NameOf(e), EventJson.Serialize(e), number, stream, previous);

    /// <summary>Any payload as a store holds it, with a right hash.</summary>
    public static RecordedEvent Recorded(string type, byte[] data, long number = 0, StreamName? stream = null, Digest previous = default)
    {
        var (metadata, name) = (Metadata((int)number), stream ?? StreamName.Of(MainId));
        var bytes = EventJson.Serialize(metadata);
        return new RecordedEvent(new StorePosition(number), name, number, metadata.EventId, type, bytes, data, previous, EventHash.Of(name, number, type, bytes, data, previous));
    }

    private static Float32Vector Scaled(Float32Vector v, float by) => Float32Vector.Create(v.Length, span =>
    {
        for (var i = 0; i < span.Length; i++) span[i] = v[i] * by;
    });

    private static Float32Vector Unit(Float32Vector v)
    {
        var norm = v.Norm();
        return Float32Vector.Create(v.Length, span =>
        {
            for (var i = 0; i < span.Length; i++) span[i] = (float)(v[i] / norm);
        });
    }
}
