namespace Ledger.Projections.Evaluation;

/// <summary>How well answers agree with the labels of a task, as scikit-learn computes it: an answer that is none is a class of its own that no item has.</summary>
/// <param name="Accuracy">The share of right answers, 0 to 1.</param>
/// <param name="F1">The classes' F1, weighted by how many items have each, 0 to 1.</param>
/// <param name="Mcc">Matthews' correlation of answers and labels, over all classes: −1 to 1; 0 where one of the two is always the same.</param>
/// <param name="Invalid">Answers that are none; they count as wrong.</param>
/// <param name="Items">How many there were.</param>
public readonly record struct Classification(double Accuracy, double F1, double Mcc, int Invalid, int Items)
{
    /// <summary>The answer that is none.</summary>
    public const int None = -1;

    /// <summary>Of labels and the answers to the same items; NaN without any.</summary>
    public static Classification Of(IReadOnlyCollection<(int Label, int Answer)> items)
    {
        double n = items.Count, right = items.Count(i => i.Label == i.Answer);
        var classes = items.SelectMany(i => new[] { i.Label, i.Answer }).Distinct().Select(c => (
            Label: (double)items.Count(i => i.Label == c), Answer: (double)items.Count(i => i.Answer == c), Both: (double)items.Count(i => i.Label == c && i.Answer == c))).ToArray();
        // 2 both / (label + answer) is the harmonic mean of precision and recall, and 0 where neither has a right one.
        var f1 = classes.Sum(c => c.Label / n * (2 * c.Both / (c.Label + c.Answer)));
        var covariance = right * n - classes.Sum(c => c.Label * c.Answer);
        var spread = (n * n - classes.Sum(c => c.Label * c.Label)) * (n * n - classes.Sum(c => c.Answer * c.Answer));
        return new Classification(right / n, items.Count == 0 ? double.NaN : f1, items.Count == 0 ? double.NaN : spread == 0 ? 0 : covariance / Math.Sqrt(spread), items.Count(i => i.Answer == None), items.Count);
    }
}
