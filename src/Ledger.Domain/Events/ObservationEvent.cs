using System.Collections.Immutable;
using Ledger.Domain.Editing;
using Ledger.Domain.Gate;

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

/// <summary>The stream rules looked at a revision.</summary>
/// <param name="Timeline">The one that was looked at; the revision may be inherited.</param>
/// <param name="Policy"><c>default@1</c>.</param>
/// <param name="Findings">One for each rule that was asked.</param>
/// <param name="Probes">What was measured with the model, if something was.</param>
/// <param name="Engine">With what; null where the edits' factors were enough.</param>
[EventName("stability-observed.v1")]
public sealed record StabilityObserved(
    TimelineId Timeline, long Revision, StateId State, string Policy, ImmutableArray<Finding> Findings, ImmutableArray<ProbeReading> Probes, string? Engine) : ObservationEvent
{
    public bool Equals(StabilityObserved? other) =>
        other is not null && Timeline == other.Timeline && Revision == other.Revision && State == other.State && Policy == other.Policy && Findings.SequenceEqual(other.Findings)
        && Probes.SequenceEqual(other.Probes) && Engine == other.Engine;

    public override int GetHashCode() => HashCode.Combine(Timeline, Revision, State, Policy);
}

/// <summary>A stream rule saw the model collapse at a revision.</summary>
/// <param name="Policy">The rule's: <c>default@1</c>.</param>
/// <param name="Good">How many of the edits in effect, the first ones, were in effect when the rule was content the last time.</param>
/// <param name="First">The edit with which the figure first exceeds the bound, as the edits in effect took effect one after the other.</param>
/// <param name="Suspects">The edits without which it falls, the one without which it falls furthest first.</param>
[EventName("collapse-detected.v1")]
public sealed record CollapseDetected(
    TimelineId Timeline, long Revision, string Policy, string Rule, double Value, double Threshold, int Good, EditId First, ImmutableArray<EditId> Suspects) : ObservationEvent
{
    public bool Equals(CollapseDetected? other) =>
        other is not null && Timeline == other.Timeline && Revision == other.Revision && Policy == other.Policy && Rule == other.Rule && Value.Equals(other.Value)
        && Threshold.Equals(other.Threshold) && Good == other.Good && First == other.First && Suspects.SequenceEqual(other.Suspects);

    public override int GetHashCode() => HashCode.Combine(Timeline, Revision, Rule);
}
