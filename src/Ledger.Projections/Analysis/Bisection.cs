namespace Ledger.Projections.Analysis;

/// <summary>
/// Looks for a place where something flips, of places in a row whose two ends are known to lie on different sides. Where nothing has to be skipped it asks about at most ⌈log₂ n⌉ places between
/// the ends, n being the steps from one end to the other. Where there are several flips it finds one of them.
/// </summary>
public sealed class Bisection
{
    private readonly SortedSet<int> skipped = [];

    /// <param name="steps">n, at least 1: place 0 is one end, place n the other.</param>
    public Bisection(int steps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        Last = steps;
    }

    /// <summary>The nearest place known to lie on the first end's side.</summary>
    public int First { get; private set; }

    /// <summary>The nearest place known to lie on the other's. Next to <see cref="First"/> at the end, unless all places between had to be skipped.</summary>
    public int Last { get; private set; }

    /// <summary>The place to ask about; null when there is none left.</summary>
    /// <remarks>What has to be skipped seldom stands alone: the stretch from the first to the last of it is gone round before anything in it is tried.</remarks>
    public int? Next
    {
        get
        {
            int[] marks = [First, .. skipped.Where(s => s > First && s < Last), Last];
            var gaps = marks.Zip(marks.Skip(1), (from, to) => (From: from, Length: to - from)).ToArray();
            var gap = new[] { gaps[0], gaps[^1] }.MaxBy(g => g.Length);
            if (gap.Length == 1) gap = gaps.MaxBy(g => g.Length);
            return gap.Length == 1 ? null : gap.From + gap.Length / 2;
        }
    }

    /// <summary>The most places there are to ask about where none has to be skipped.</summary>
    public static int Most(int steps) => steps <= 1 ? 0 : 32 - int.LeadingZeroCount(steps - 1);

    /// <summary>The place to ask about lies on the first end's side, or on the other's.</summary>
    public void Answer(bool likeFirst)
    {
        var place = Next ?? throw new InvalidOperationException("There is no place left to ask about.");
        if (likeFirst) First = place;
        else Last = place;
    }

    /// <summary>The place to ask about cannot tell.</summary>
    public void Skip() => skipped.Add(Next ?? throw new InvalidOperationException("There is no place left to ask about."));
}
