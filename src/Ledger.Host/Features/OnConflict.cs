namespace Ledger.Host.Features;

/// <summary>What an edit does when somebody else appended to the timeline since it was read.</summary>
public enum OnConflict
{
    /// <summary>Nothing: it says so and is not recorded.</summary>
    Fail,

    /// <summary>It goes onto the new history: what depends on the weights is recomputed, and it is judged anew.</summary>
    Rebase,
}
