using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Projections.Timelines;

namespace Ledger.Projections.Replay;

/// <param name="Mode">What is kept and what is computed.</param>
/// <param name="Variant">Null for each edit's own.</param>
/// <param name="Gate">Judges in every mode but <c>factors</c>; a policy that only observes decides nothing.</param>
/// <param name="OutcomesAsRecorded">What was let in is let in, what was stopped is stopped, whatever the gate finds.</param>
public sealed record ReplayRules(ReplayMode Mode, Variant? Variant, GatePolicy Gate, bool OutcomesAsRecorded);

/// <summary>Factors for an edit on the state it goes onto.</summary>
public readonly record struct Remade(Variant Variant, EditSolution Solution, RankOneDelta Delta, Signals Signals);

/// <summary>
/// Makes the events of a replay, one step after the other, onto the timeline it builds. Pure: <c>factors</c> and <c>values</c> need events alone
/// (no checkpoint, no C, no tensors); for <c>optimise</c> somebody hands in what the engine found. Its edits have ids of their own, derived from
/// the timeline's and the source edit's, so that the same replay makes the same events.
/// </summary>
public sealed class Replayer
{
    private readonly TimelineHistory target;
    private readonly ReplayRules rules;
    private readonly HashSet<EditId> inherited;
    private readonly Dictionary<ReplayStep, int> places = new(ReferenceEqualityComparer.Instance);
    private readonly ValueReplay outputs;

    /// <param name="target">The new timeline; every event made here must be added before the next step.</param>
    /// <param name="rules">How it is replayed.</param>
    /// <param name="steps">What will be done; taken in this order, values are found for many steps at once.</param>
    public Replayer(TimelineHistory target, ReplayRules rules, IReadOnlyList<ReplayStep> steps)
    {
        (this.target, this.rules) = (target, rules);
        inherited = [.. target.At(target.Started.Fork?.Revision ?? 0).Timeline.Edits.Keys];
        var keys = new List<EditKeys>();
        var made = steps.OfType<ReplayStep.Make>().ToDictionary(m => m.Edit, m => m.Record.Keys);
        foreach (var step in steps.OfType<ReplayStep.Factored>())
        {
            places.Add(step, keys.Count);
            keys.Add(made.GetValueOrDefault(step.Edit) ?? target.Record(step.Edit).Keys);
        }
        outputs = new ValueReplay(keys);
    }

    /// <summary>What an edit of the source is called on the new timeline.</summary>
    public EditId Named(EditId source) => inherited.Contains(source) ? source : Derived(target.Timeline.Id, source);

    /// <summary>The event of a step, with factors of mode <c>factors</c> or <c>values</c>; null where there is nothing to do: a revert of what was not let in this time.</summary>
    /// <param name="values">What <see cref="Values"/> gives for the step on the present state, where somebody has asked.</param>
    public TimelineEvent? Next(ReplayStep step, Remade? values = null) => step switch
    {
        ReplayStep.Make x => Make(x, rules.Mode == ReplayMode.Factors ? AsRecorded(x) : values ?? Values(x)),
        ReplayStep.Release x => Released(x, values),
        ReplayStep.Revert x when Stands(x, EditStatus.InEffect) => target.Timeline.Revert(Named(x.Edit), x.Reason, null),
        ReplayStep.Reinstate x when Stands(x, EditStatus.Reverted) => target.Timeline.Reinstate(Named(x.Edit), x.Reason, null),
        ReplayStep.Withhold x when KeepsOutcome(x) && Stands(x, EditStatus.InEffect) => target.Timeline.Withhold(Named(x.Edit), x.Reason, x.Findings, null),
        ReplayStep.Dismiss x when KeepsOutcome(x) && Stands(x, EditStatus.Quarantined) => target.Timeline.Dismiss(Named(x.Edit), x.Reason),
        _ => null,
    };

    /// <summary>Whether a release is to be done: its edit was stopped this time too.</summary>
    public bool Releases(ReplayStep.Release step) => Stands(step, EditStatus.Quarantined);

    /// <summary>out and r anew on the present state of the new timeline, from the recorded keys and v_e (docs/editing.md §3).</summary>
    public Remade Values(ReplayStep.Factored step)
    {
        var record = Recorded(step);
        var (variant, vE) = (rules.Variant ?? step.Making.Variant, step.Making.Solution.VE);
        var (m0, outKBar) = outputs.At(places[step], target.DeltasInEffect(), CancellationToken.None);       // tenths of a second at most
        var factors = Rederive.Values(record.Keys, vE, variant, m0, outKBar);
        return new Remade(variant, EditSolution.Of(m0, vE, factors), factors.Delta, record.Signals.OnState(variant, record.Keys, vE, m0, outKBar));
    }

    /// <summary>The edit that a step is about, with its request and keys.</summary>
    public EditRecord Recorded(ReplayStep.Factored step) => step is ReplayStep.Make make ? make.Record : target.Record(Named(step.Edit));

    /// <summary>Judges factors and makes the edit's event.</summary>
    /// <param name="fingerprintWith">Weight fingerprint with the edit, where the matrix stands in memory.</param>
    /// <param name="fingerprintNow">Weight fingerprint without it.</param>
    /// <param name="engine">What found v_e, where it was found anew.</param>
    public EditJudged Make(ReplayStep.Make step, Remade made, Digest? fingerprintWith = null, Digest? fingerprintNow = null, string? engine = null)
    {
        var record = step.Record;
        return target.Timeline.Record(
            record with
            {
                Edit = Named(record.Edit),
                Variant = made.Variant,
                Engine = engine ?? record.Engine,
                Provenance = record.Provenance with { Origin = record.Edit },
                Solution = made.Solution,
                Signals = made.Signals,
                Verdict = rules.Mode == ReplayMode.Factors ? record.Verdict with { Outcome = step.Outcome } : Judge(made, step.Outcome),
            },
            fingerprintWith, fingerprintNow);
    }

    /// <summary>Lets a stopped edit in as somebody once decided; the gate is asked and does not decide.</summary>
    public EditReleased? Release(ReplayStep.Release step, Remade made, ReleaseMode mode, Digest? fingerprint = null)
    {
        if (!made.Delta.IsFinite()) return null;                    // there are no weights with it, this time
        var verdict = rules.Mode == ReplayMode.Factors ? step.Verdict : Judge(made, null);
        return target.Timeline.Release(Named(step.Edit), made.Variant, mode, made.Solution, made.Delta, made.Signals, verdict, step.Reason, fingerprint);
    }

    /// <summary>‖m₀ recorded − m₀ replayed‖ / ‖m₀ replayed‖: how much other the model was on which v_e was found.</summary>
    /// <param name="foundOn">m₀ of the state on which v_e was found.</param>
    /// <param name="replayed">m₀ of the state it goes onto now.</param>
    public static double Shift(Float32Vector foundOn, Float32Vector replayed) => foundOn.DistanceTo(replayed) / replayed.Norm();

    /// <summary>Above this, a v_e is flagged as found on a different model (ledger semantics: a v_e found on a broken model carries the damage along).</summary>
    public const double DifferentModel = 0.5;

    /// <summary>Whether a stop is repeated: where outcomes are kept, and of an edit that was inherited, which nobody judges anew.</summary>
    private bool KeepsOutcome(ReplayStep step) => rules.Mode == ReplayMode.Factors || rules.OutcomesAsRecorded || inherited.Contains(step.Edit);

    private bool Stands(ReplayStep step, EditStatus status) => target.Timeline.Edits.GetValueOrDefault(Named(step.Edit))?.Status == status;

    private EditReleased? Released(ReplayStep.Release step, Remade? values)
    {
        if (!Releases(step)) return null;
        if (rules.Mode == ReplayMode.Factors) return Release(step, new Remade(step.Making.Variant, step.Making.Solution, step.Making.Delta, step.Signals), step.Mode);
        return Release(step, values ?? Values(step), ReleaseMode.Values);
    }

    private static Remade AsRecorded(ReplayStep.Make step) => new(
        step.Making.Variant, step.Making.Solution, step.Making.Delta,
        step.Making.Digest == step.Record.Delta.Digest ? step.Record.Signals : step.Record.Signals.Sized(step.Making.Variant, step.Making.Delta));

    /// <param name="recorded">What became of it at the source; null for a release, which decides itself.</param>
    private Verdict Judge(Remade made, Outcome? recorded)
    {
        var verdict = EditGate.Judge(rules.Gate, made.Signals, made.Delta, target.Timeline.AcceptedAbsDeltas(made.Variant));
        // What is not finite has no weights, whatever was recorded.
        return recorded is { } outcome && rules.OutcomesAsRecorded && verdict.Outcome != Outcome.Rejected ? verdict with { Outcome = outcome } : verdict;
    }

    private static EditId Derived(TimelineId timeline, EditId source) =>
        new(BinaryPrimitives.ReadUInt128BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{timeline}|{source}"))));
}
