using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;

namespace Ledger.Projections.Tests.Timelines;

/// <summary>The smallest records that fold: only factors and outcome matter here.</summary>
internal static class Some
{
    private static readonly Float32Vector Nothing = Float32Vector.Empty;

    public static EventEnvelope Envelope(long number, LedgerEvent e) => new(
        new StorePosition(number), StreamName.Of(new TimelineId(1)), number,
        new EventMetadata(Guid.Empty, DateTimeOffset.UnixEpoch, "somebody", Guid.Empty, null, "tests"), e, default, Digest.Of(BitConverter.GetBytes(number)));

    public static Signals Signals(Variant variant) => new(variant, [new VariantSignals(variant, 1e-5, 1, 1, 1)], 1, 1, [], null, null, []);

    public static Verdict Verdict(Outcome outcome) => new(outcome, "default@1", []);

    public static EditRecord Record(EditId edit, float[] r, float[] uBar, float[] uO, Outcome outcome) => new()
    {
        Edit = edit,
        Request = new EditRequest("{} is", "It", "so"),
        Variant = Variant.Rome,
        Matrix = new MatrixAddress(0, "w", r.Length, uBar.Length),
        Base = default,
        Hyperparameters = Hyperparameters.Published,
        Templates = default,
        TemplateSeed = null,
        KeyStatistics = default,
        Engine = "none",
        Provenance = new Provenance("somebody", null, null, null),
        Keys = new EditKeys(Nothing, Nothing, new Float32Vector(uBar), new Float32Vector(uO), Nothing, Nothing),
        Solution = new EditSolution(Nothing, Nothing, Nothing, new Float32Vector(r), FactorU.UBar),
        Signals = Signals(Variant.Rome),
        Verdict = Verdict(outcome),
        After = default,
        Fingerprint = null,
    };
}
