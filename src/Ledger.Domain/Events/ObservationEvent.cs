using System.Collections.Immutable;

namespace Ledger.Domain.Events;

/// <summary>A fact in the stream beside a timeline: it makes no revision and conflicts with no editor.</summary>
public abstract record ObservationEvent : LedgerEvent
{
    private protected ObservationEvent()
    {
    }
}

/// <param name="Name">What was measured: <c>ES</c>, <c>perplexity</c>.</param>
/// <param name="Value">In the unit the name implies; non-finite values are kept.</param>
/// <param name="Count">How many items it is the mean of.</param>
public sealed record Measurement(string Name, double Value, long Count);

/// <summary>A revision was measured.</summary>
/// <param name="Suite">Which measurement it was.</param>
/// <param name="Data">Digest of the evaluation data.</param>
/// <param name="Seed">Where something was sampled.</param>
[EventName("evaluation-recorded.v1")]
public sealed record EvaluationRecorded(
    TimelineId Timeline, long Revision, StateId State, string Suite, Digest Data, long? Seed, string Engine, ImmutableArray<Measurement> Measurements) : ObservationEvent
{
    public bool Equals(EvaluationRecorded? other) =>
        other is not null && Timeline == other.Timeline && Revision == other.Revision && State == other.State && Suite == other.Suite
        && Data == other.Data && Seed == other.Seed && Engine == other.Engine && Measurements.SequenceEqual(other.Measurements);

    public override int GetHashCode() => HashCode.Combine(Timeline, Revision, Suite);
}

/// <summary>A stream rule saw the model collapse at a revision.</summary>
/// <param name="Suspects">The edits most likely to blame, worst first.</param>
[EventName("collapse-detected.v1")]
public sealed record CollapseDetected(
    TimelineId Timeline, long Revision, string Rule, double Value, double Threshold, ImmutableArray<EditId> Suspects) : ObservationEvent
{
    public bool Equals(CollapseDetected? other) =>
        other is not null && Timeline == other.Timeline && Revision == other.Revision && Rule == other.Rule && Value.Equals(other.Value)
        && Threshold.Equals(other.Threshold) && Suspects.SequenceEqual(other.Suspects);

    public override int GetHashCode() => HashCode.Combine(Timeline, Revision, Rule);
}
