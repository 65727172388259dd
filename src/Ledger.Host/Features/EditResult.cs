using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Host.Features.Watching;

namespace Ledger.Host.Features;

/// <summary>What came of one edit; the stable fields of <c>edit --json</c>.</summary>
/// <param name="Revision">The revision it made; the present head for a dry run.</param>
/// <param name="Median">Median |Δ| of the timeline's accepted edits of the variant; null when there are none.</param>
/// <param name="Rebases">How often it was recomputed onto what others had appended meanwhile.</param>
/// <param name="Seconds">Wall clock, computing to recording.</param>
/// <param name="Probes">What the policy's probe read on the model with the edit, where it was run.</param>
/// <param name="Watch">What the stream rules saw afterwards, where a look was due.</param>
public sealed record EditResult(
    EditId Edit, string Timeline, long Revision, bool Recorded, Outcome Outcome, Variant Variant, EditRequest Request, double AbsDelta, double? Median,
    double KuU, double KvU, TargetScore? Target, TargetScore? TrueTarget, Verdict Verdict, StateId State, Digest? Fingerprint, int Rebases, double Seconds, ImmutableArray<ProbeReading> Probes, WatchReport? Watch)
{
    public static EditResult Of(EditRecord record, Timeline main, bool recorded, int rebases, TimeSpan elapsed)
    {
        var own = record.Signals.Own;
        return new EditResult(
            record.Edit, main.Name, main.Revision, recorded, record.Verdict.Outcome, record.Variant, record.Request, own.AbsDelta,
            Medians.Of(main, record.Variant, record.Edit), own.KuU, own.KvU, record.Signals.Target, record.Signals.TrueTarget, record.Verdict,
            record.After, record.Fingerprint, rebases, elapsed.TotalSeconds, record.Signals.Probes, null);
    }
}

/// <summary>What is usual on a timeline.</summary>
internal static class Medians
{
    /// <param name="but">Left out, so that an edit is compared with the others.</param>
    public static double? Of(Timeline timeline, Variant variant, EditId? but = null)
    {
        var sorted = timeline.Edits.Values.Where(e => e.Accepted && e.Variant == variant && e.Edit != but).Select(e => e.AbsDelta).Order().ToArray();
        return sorted.Length == 0 ? null : EditGate.Median(sorted);
    }
}
