using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Gate;

namespace Ledger.Host.Features.Comparing;

/// <summary>Two revisions side by side; the stable fields of <c>compare --json</c>.</summary>
/// <param name="Edits">Every edit that one of them has, matched by the edit that somebody asked for; in the first's order, then the second's.</param>
/// <param name="Revisions">How far each had gone, from 1 to the longer one's last.</param>
/// <param name="Between">‖W_a − W_b‖_F / numel(W) at the two revisions.</param>
/// <param name="Asked">How many prompts both were asked; null where the model was not run, and <paramref name="WithoutModel"/> says why.</param>
/// <param name="Answers">The prompts that they answer in another way.</param>
public sealed record Comparison(
    string Ledger, Side A, Side B, IReadOnlyList<EditPair> Edits, IReadOnlyList<RevisionDistances> Revisions, double Between, int? Asked, IReadOnlyList<DifferentAnswer> Answers,
    double? BasePerplexity, string? WithoutModel);

/// <param name="Revision">As <c>main@60</c>.</param>
/// <param name="Stopped">Edits that are quarantined, rejected or dismissed.</param>
/// <param name="WouldStop">Edits in effect that a rule caught when they were judged: under a policy that only observes, or let in by somebody.</param>
/// <param name="WithoutPass">Edits in effect that were judged without a pass through the edited model, as in a replay of mode <c>values</c>: the rule <c>unreached</c> was not evaluated for them.</param>
/// <param name="Distance">‖W − W₀‖_F / numel(W).</param>
/// <param name="MedianAbsDelta">Of the edits in effect; null where there are none.</param>
/// <param name="MedianDrift">At k_v, of the edits in effect; null where there are none.</param>
/// <param name="Efficacy">ES × 100: how often the new target is more likely than the true one on the plain prompt, over the edits that either timeline was asked for and that name a true target.</param>
/// <param name="Generalisation">PS × 100: the same on their paraphrases.</param>
/// <param name="Perplexity">On the text that was named.</param>
public sealed record Side(
    string Revision, int InEffect, int Stopped, int WouldStop, int WithoutPass, double Distance, double? MedianAbsDelta, double? MedianDrift, double? LargestDrift, StateId State, Digest? Fingerprint, Digest Head,
    double? Efficacy, double? Generalisation, double? Perplexity);

/// <param name="Root">The edit that somebody asked for; replays made the others from it.</param>
public sealed record EditPair(EditId Root, string Prompt, string Subject, string Target, EditSide? A, EditSide? B);

/// <param name="Revision">Where it came to the timeline.</param>
/// <param name="AbsDelta">|Δ| of the factors that count.</param>
/// <param name="KuU">k_u·u.</param>
/// <param name="KvU">k_v·u.</param>
/// <param name="Residual">‖W k_v + b − v_e‖ now; null where it is not in effect.</param>
/// <param name="Drift">At k_v; null where it is not in effect.</param>
/// <param name="DriftAtKBar">At k̄.</param>
/// <param name="Caught">What the gate stopped it for or, where it only observed, would have.</param>
public sealed record EditSide(
    EditId Edit, long Revision, Variant Variant, EditStatus Status, Outcome Outcome, double AbsDelta, double KuU, double KvU, double? Residual, double? Drift, double? DriftAtKBar, string? Caught);

/// <param name="A">‖W − W₀‖_F / numel(W) of the first; null behind its last revision.</param>
/// <param name="Between">‖W_a − W_b‖_F / numel(W); a timeline that has ended stays where it ended.</param>
public sealed record RevisionDistances(long Revision, double? A, double? B, double Between);

/// <summary>Greedy continuations.</summary>
public sealed record DifferentAnswer(string Prompt, string Base, string A, string B);
