namespace Ledger.Host.Features.Bulk;

/// <summary>The forms a bulk file may have (docs/how-to/bulk-edits.md). All but CSV are one JSON array, or one record a line.</summary>
public enum BulkFormat
{
    /// <summary>As the data set is published.</summary>
    CounterFact,

    /// <summary>Ledger's own: the fields of an edit by their names.</summary>
    Plain,

    /// <summary>As EasyEdit distributes it.</summary>
    ZsRe,

    /// <summary>The plain form's fields as columns, under a header.</summary>
    Csv,
}

public static class BulkFormats
{
    public static IReadOnlyList<BulkFormat> All { get; } = Enum.GetValues<BulkFormat>();

    public static string Name(this BulkFormat format) => format.ToString().ToLowerInvariant();

    /// <param name="name">One of the names, or null where none was given.</param>
    public static BulkFormat? Named(string? name) => name is null ? null : All.Single(f => f.Name() == name);

    /// <summary>What tells a form from the others.</summary>
    public const string Marks = "counterfact (requested_rewrite), zsre (subject, src, alt), plain (prompt, subject, target) or csv (a header with those)";
}
