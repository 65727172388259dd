using System.Globalization;

namespace Ledger.Projections.Evaluation;

/// <summary>What a prompt was asked for both targets: n(x), the mean −ln p a token.</summary>
/// <param name="New">Of the target the edit wants.</param>
/// <param name="True">Of the one the world has.</param>
public readonly record struct PromptScore(double New, double True);

/// <summary>Edit quality (docs/editing.md §6), all × 100; NaN where there was no prompt to ask.</summary>
/// <param name="ES">Efficacy: the share of rewrite prompts at which the new target is the more likely one. A tie is none.</param>
/// <param name="EM">Its magnitude: mean of e^−n(new) − e^−n(true).</param>
/// <param name="PS">Generalisation: as ES, of paraphrases.</param>
/// <param name="PM">As EM, of paraphrases.</param>
/// <param name="NS">Locality: the share of neighbourhood prompts at which the true target is the more likely one. A tie is none.</param>
/// <param name="NM">Mean of e^−n(true) − e^−n(new), of neighbourhood prompts.</param>
public readonly record struct CounterFactScores(double ES, double EM, double PS, double PM, double NS, double NM)
{
    /// <summary>The harmonic mean of ES, PS and NS; 0 where one of them is.</summary>
    public double S => 3 / (1 / ES + 1 / PS + 1 / NS);

    /// <summary>One record: means over its prompts.</summary>
    public static CounterFactScores Of(IReadOnlyCollection<PromptScore> rewrite, IReadOnlyCollection<PromptScore> paraphrases, IReadOnlyCollection<PromptScore> neighbours) => new(
        Share(rewrite, p => p.True > p.New), Mean(rewrite, p => Math.Exp(-p.New) - Math.Exp(-p.True)),
        Share(paraphrases, p => p.True > p.New), Mean(paraphrases, p => Math.Exp(-p.New) - Math.Exp(-p.True)),
        Share(neighbours, p => p.True < p.New), Mean(neighbours, p => Math.Exp(-p.True) - Math.Exp(-p.New)));

    /// <summary>Means over records; one that has not got a score is left out of that score's mean.</summary>
    public static CounterFactScores Mean(IReadOnlyCollection<CounterFactScores> records) =>
        new(Known(records, r => r.ES), Known(records, r => r.EM), Known(records, r => r.PS), Known(records, r => r.PM), Known(records, r => r.NS), Known(records, r => r.NM));

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"ES {ES,5:0.0}  PS {PS,5:0.0}  NS {NS,5:0.0}  S {S,5:0.0}");

    private static double Share(IReadOnlyCollection<PromptScore> prompts, Func<PromptScore, bool> holds) => Mean(prompts, p => holds(p) ? 1 : 0);

    private static double Mean(IReadOnlyCollection<PromptScore> prompts, Func<PromptScore, double> of) => prompts.Count == 0 ? double.NaN : 100 * prompts.Average(of);

    private static double Known(IEnumerable<CounterFactScores> records, Func<CounterFactScores, double> of) => records.Select(of).Where(x => !double.IsNaN(x)).DefaultIfEmpty(double.NaN).Average();
}
