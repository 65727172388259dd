using System.Collections.Immutable;
using System.Globalization;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Gate;
using Ledger.Projections.Evaluation;

namespace Ledger.Host.Features.Paper;

/// <summary>What the experiments gave, read from what is recorded.</summary>
/// <param name="Facts">What there is to say about the model, the ledger and the run: a name and its value each.</param>
/// <param name="Records">The file's name.</param>
/// <param name="BasePerplexity">Null where no text was named.</param>
/// <param name="Base">Scores of the unedited base on the records that are edited alone; null without any.</param>
public sealed record PaperResults(
    string Ledger, string Model, ImmutableArray<(string Name, string Value)> Facts, string Records, string? Text, double? BasePerplexity, CounterFactScores? Base, ImmutableArray<IndependentEdit> Independent,
    ImmutableArray<SequentialRun> Sequential);

/// <summary>A record edited alone under one variant: a line of <c>independent.csv</c>.</summary>
/// <param name="Record">Its number in the file, from 1.</param>
/// <param name="AbsDelta">|Δ|.</param>
/// <param name="KeyRatio">k_v·u / k_u·u.</param>
/// <param name="ES">The record's own, × 100; NaN what it has no prompts for, or what is not finite.</param>
/// <param name="Entropy">Normalised, of ten texts.</param>
/// <param name="Perplexity">NaN where no text was named.</param>
/// <param name="PerplexityRatio">Over the base's.</param>
public sealed record IndependentEdit(
    long Record, string Subject, string Prompt, string Target, Variant Variant, double AbsDelta, double KuU, double KvU, double KeyRatio, double ES, double EM, double PS, double PM, double NS, double NM,
    double Entropy, double NGramEntropy, double Perplexity, double PerplexityRatio)
{
    internal CounterFactScores Scores => new(ES, EM, PS, PM, NS, NM);
}

/// <summary>One timeline of edits in a row.</summary>
/// <param name="Asked">How many records were to be edited; there are fewer edits where a stream rule ended the run.</param>
/// <param name="IsOver">A stream rule was exceeded when it last looked, and nothing that it may withhold helped.</param>
/// <param name="Head">The revision it ends at, and the state there.</param>
/// <param name="Edits">In order.</param>
/// <param name="Points">What was measured of the whole model on the way.</param>
/// <param name="Stops">What the gate kept out or a stream rule withheld, or would have; with its reason.</param>
/// <param name="Policies">Those that judged the edits.</param>
/// <param name="Retention">At the end: what is left of the edits in effect, against how far the weights have left what each wrote.</param>
public sealed record SequentialRun(
    string Timeline, Variant Variant, int Asked, bool IsOver, long Head, StateId State, int InEffect, ImmutableArray<SequentialEdit> Edits, ImmutableArray<SequentialPoint> Points, ImmutableArray<SequentialStop> Stops, ImmutableArray<string> Policies,
    RetentionAndDrift? Retention)
{
    /// <summary>In words where a stream rule ended it, be it at the last edit; null where none did.</summary>
    public string? Collapsed => IsOver
        ? string.Create(CultureInfo.InvariantCulture, $"{Timeline} ended after {Edits.Length} of {Asked} edits: a stream rule is exceeded, and nothing that it may withhold helps") : null;

    /// <summary>A measure over the edits.</summary>
    internal IEnumerable<(long Edit, double Value)> Series(string suite, string measure) => Points.Where(p => p.Suite == suite && p.Measure == measure).Select(p => (p.Edit, p.Value));
}

/// <summary>One of edits in a row: a line of <c>sequential.csv</c>.</summary>
/// <param name="Edit">Its place, from 1.</param>
/// <param name="Id">The edit's id.</param>
/// <param name="Distance">‖W − W₀‖_F / numel(W) after it: what the published code plots as |Δ|.</param>
/// <param name="ES">Of its own record at the revision it made.</param>
public sealed record SequentialEdit(
    string Timeline, Variant Variant, long Edit, long Revision, string Id, string Subject, string Target, Outcome Outcome, double AbsDelta, double KeyRatio, double Distance,
    double ES, double EM, double PS, double PM, double NS, double NM)
{
    internal CounterFactScores Scores => new(ES, EM, PS, PM, NS, NM);
}

/// <summary>A figure of the whole model after some edits: a line of <c>points.csv</c>.</summary>
/// <param name="Edit">After so many edits; 0 for the base.</param>
/// <param name="Items">What it is the figure of.</param>
public sealed record SequentialPoint(string Timeline, Variant Variant, long Edit, long Revision, StateId State, string Suite, string Measure, double Value, long Items);

/// <summary>A line of <c>stops.csv</c>.</summary>
/// <param name="What">quarantined, rejected, withheld; <c>observed</c> where the gate was off.</param>
public sealed record SequentialStop(string Timeline, long Edit, long Revision, string Id, string Subject, string What, string Because);

/// <summary>Spearman's rank correlation, over the edits in effect, of drift with how much more likely the new target still is than the true one on the rewrite prompt, n(true) − n(new).</summary>
/// <param name="AtKV">With drift at k_v.</param>
/// <param name="AtKBar">With drift at k̄.</param>
public sealed record RetentionAndDrift(long Edits, CounterFactScores Scores, double MedianDrift, double AtKV, double AtKBar);
