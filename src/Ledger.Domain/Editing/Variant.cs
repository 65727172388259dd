namespace Ledger.Domain.Editing;

/// <summary>How an edit's factors are made from its keys; docs/editing.md §2, the paper's equations 2–5.</summary>
public enum Variant
{
    /// <summary>ROME as published (eq. 5): the direction is made for k̄, the equation is solved at k_o.</summary>
    Rome,

    /// <summary>r-ROME: k̄ everywhere (eq. 2 with k_e = k̄).</summary>
    RRome,

    /// <summary>p-ROME: k_o everywhere (eq. 2 with k_e = k_o).</summary>
    PRome,
}

public static class VariantNames
{
    public static IReadOnlyList<Variant> All { get; } = [Variant.Rome, Variant.RRome, Variant.PRome];

    /// <summary>The name in events, on the command line and in tables: <c>rome</c>, <c>r-rome</c>, <c>p-rome</c>.</summary>
    public static string Name(this Variant variant) => variant switch
    {
        Variant.Rome => "rome",
        Variant.RRome => "r-rome",
        Variant.PRome => "p-rome",
        _ => throw new System.Diagnostics.UnreachableException($"Variant {variant} has no name."),
    };

    public static bool TryParse(string? text, out Variant variant)
    {
        foreach (var v in All)
        {
            if (!string.Equals(v.Name(), text, StringComparison.OrdinalIgnoreCase)) continue;
            variant = v;
            return true;
        }
        variant = default;
        return false;
    }
}
