using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Ledger.Domain.Events;

/// <summary>Forms that are read and no longer written, each with the way to the next one.</summary>
internal static class OldForms
{
    public static ImmutableArray<Upcaster> All { get; } =
    [
        new("key-statistics-recorded.v1", "key-statistics-recorded.v2", MeasuredOverPlainText),
        new("gate-policy-set.v1", "gate-policy-set.v2", RulesAlone),
    ];

    /// <summary>The first version could only measure, and only plain text.</summary>
    private static JsonObject MeasuredOverPlainText(JsonObject recorded)
    {
        var statistics = recorded["statistics"]!.AsObject();
        foreach (var known in (string[])["documents", "context"])
            if (statistics[known] is null) throw new FormatException($"{known} is missing.");       // null has a meaning only since
        statistics.Add("origin", "measured");
        statistics.Add("column", null);
        return recorded;
    }

    /// <summary>The first version had rules over single edits, and none of them needed a probe.</summary>
    private static JsonObject RulesAlone(JsonObject recorded)
    {
        var policy = recorded["policy"]!.AsObject();
        policy.Add("probe", null);
        policy.Add("stream", new JsonArray());
        return recorded;
    }
}
