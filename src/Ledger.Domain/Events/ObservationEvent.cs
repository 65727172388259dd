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

/// <summary>What one of the things evaluated gave: a record, an edit's fact, a text, an item of a task.</summary>
/// <param name="Name">Its number in the data, from 1; of a fact of the ledger the edit's id.</param>
/// <param name="Measurements">What follows from them for all items together is not recorded: it is computed.</param>
public sealed record EvaluatedItem(string Name, ImmutableArray<Measurement> Measurements)
{
    public bool Equals(EvaluatedItem? other) => other is not null && Name == other.Name && Measurements.SequenceEqual(other.Measurements);

    public override int GetHashCode() => HashCode.Combine(Name, Measurements.Length);
}

/// <summary>What is asked of a state: the same question to two states gives figures that can be compared.</summary>
/// <param name="Suite">Which measurement: <c>counterfact</c>, <c>perplexity</c>.</param>
/// <param name="Data">Digest of the data: of a file's bytes, or of the ids of the edits whose facts are asked.</param>
/// <param name="Items">How many of its items are asked, the first ones.</param>
/// <param name="Settings">Everything else that decides about the figures, in words.</param>
/// <param name="Seed">Where something is sampled.</param>
public sealed record EvaluationQuestion(string Suite, Digest Data, int Items, string Settings, long? Seed);

/// <summary>Some items were evaluated at a revision; with the others of the same state and question they make one evaluation.</summary>
/// <param name="Timeline">The one whose own stream holds the revision.</param>
/// <param name="Fingerprint">Of the weights that the model ran with.</param>
/// <param name="Source">What the data is called: a file's name.</param>
/// <param name="First">The first item's place in the data, from 0.</param>
[EventName("evaluation-recorded.v1")]
public sealed record EvaluationRecorded(
    TimelineId Timeline, long Revision, StateId State, Digest Fingerprint, EvaluationQuestion Question, string Source, int First, ImmutableArray<EvaluatedItem> Results, string Engine) : ObservationEvent
{
    public bool Equals(EvaluationRecorded? other) =>
        other is not null && Timeline == other.Timeline && Revision == other.Revision && State == other.State && Fingerprint == other.Fingerprint && Question == other.Question
        && Source == other.Source && First == other.First && Results.SequenceEqual(other.Results) && Engine == other.Engine;

    public override int GetHashCode() => HashCode.Combine(Timeline, Revision, Question, First);
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
