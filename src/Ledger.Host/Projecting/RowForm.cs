using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Projections.Rows;
using Microsoft.Data.Sqlite;

namespace Ledger.Host.Projecting;

/// <summary>Rows to and from SQLite's values, each as JSON has it: times and ids as their texts, names for what is one of a few. What is read back is what was written, bit for bit.</summary>
internal static class RowForm
{
    public const string EditColumns = "e.id, e.prompt, e.subject, e.target, e.true_target, e.relation, e.author, e.reason, e.source, e.origin";

    public const string ChangeColumns =
        "c.timeline, c.revision, c.ordinal, c.time, c.actor, c.reason, c.what, c.edit, c.variant, c.abs_delta, c.ku_u, c.kv_u, c.cos_keys, c.delta_over_m0, c.target_before, c.target_after, "
        + "c.outcome, c.caught, c.status, c.state, c.fingerprint, c.hash, c.position";

    public const int EditWidth = 10, ChangeWidth = 23;

    private const string NotANumber = "NaN";

    private static readonly Names<Variant> Variants = new();
    private static readonly Names<Outcome> Outcomes = new();
    private static readonly Names<EditStatus> Statuses = new();

    /// <summary>$0 to the last of so many, in brackets.</summary>
    public static string Places(int count) => $"({string.Join(", ", Enumerable.Range(0, count).Select(i => $"${i.ToString(CultureInfo.InvariantCulture)}"))})";

    public static object?[] Values(TimelineRow x) => [x.Id.ToString(), x.Name, x.Parent?.ToString(), x.Fork, x.Head, x.Purpose, x.Closed];

    public static object?[] Values(EditRow x) => [x.Id.ToString(), x.Prompt, x.Subject, x.Target, x.TrueTarget, x.Relation, x.Author, x.Reason, x.Source, x.Origin?.ToString(), x.Subject.Trim()];

    public static object?[] Values(ChangeRow x) =>
    [
        x.Timeline.ToString(), x.Revision, x.Ordinal, EventTime.Text(x.Time), x.Actor, x.Reason, x.What, x.Edit.ToString(), Variants.Of(x.Variant),
        Number(x.AbsDelta), Number(x.KuU), Number(x.KvU), Number(x.CosKeys), Number(x.DeltaOverM0), Number(x.TargetBefore), Number(x.TargetAfter),
        x.Outcome is { } outcome ? Outcomes.Of(outcome) : null, x.Caught, Statuses.Of(x.Status), x.State.ToString(), x.Fingerprint?.ToString(), x.Hash.ToString(), x.Position.Value,
    ];

    public static TimelineRow Timeline(SqliteDataReader row, int at) => new(
        TimelineId.Parse(row.GetString(at)), row.GetString(at + 1), row.IsDBNull(at + 2) ? null : TimelineId.Parse(row.GetString(at + 2)), row.GetInt64(at + 3), row.GetInt64(at + 4), Text(row, at + 5)!, Text(row, at + 6));

    public static EditRow Edit(SqliteDataReader row, int at) => new(
        EditId.Parse(row.GetString(at)), Text(row, at + 1)!, Text(row, at + 2)!, Text(row, at + 3)!, Text(row, at + 4), Text(row, at + 5), Text(row, at + 6)!, Text(row, at + 7), Text(row, at + 8),
        row.IsDBNull(at + 9) ? null : EditId.Parse(row.GetString(at + 9)));

    public static ChangeRow Change(SqliteDataReader row, int at) => new(
        TimelineId.Parse(row.GetString(at)), row.GetInt64(at + 1), row.GetInt32(at + 2),
        EventTime.Parse(row.GetString(at + 3)),
        Text(row, at + 4)!, Text(row, at + 5), row.GetString(at + 6), EditId.Parse(row.GetString(at + 7)), Variants.Parse(row.GetString(at + 8)),
        Number(row, at + 9), Number(row, at + 10), Number(row, at + 11), Number(row, at + 12), Number(row, at + 13), Number(row, at + 14), Number(row, at + 15),
        row.IsDBNull(at + 16) ? null : Outcomes.Parse(row.GetString(at + 16)), Text(row, at + 17), Statuses.Parse(row.GetString(at + 18)), StateId.Parse(row.GetString(at + 19)),
        row.IsDBNull(at + 20) ? null : Digest.Parse(row.GetString(at + 20)), Digest.Parse(row.GetString(at + 21)), new StorePosition(row.GetInt64(at + 22)));

    public static string Schema()
    {
        using var stream = typeof(RowForm).Assembly.GetManifestResourceStream("Ledger.Host.Projecting.Rows.sql")!;
        using var text = new StreamReader(stream);
        return text.ReadToEnd();
    }

    /// <summary>SQLite has no NaN; every other float64 it keeps as it is.</summary>
    private static object? Number(double? x) => x is { } value && double.IsNaN(value) ? NotANumber : x;

    private static double? Number(SqliteDataReader row, int at) => row.GetValue(at) switch
    {
        double x => x,
        string => double.NaN,
        _ => null,
    };

    /// <summary>From its bytes: read as a text it would end at its first NUL.</summary>
    public static string? Text(SqliteDataReader row, int at) => row.IsDBNull(at) ? null : Encoding.UTF8.GetString(row.GetFieldValue<byte[]>(at));

    /// <summary>The names that events have for the values of an enumeration.</summary>
    private sealed class Names<T> where T : struct, Enum
    {
        private readonly FrozenDictionary<T, string> names;
        private readonly FrozenDictionary<string, T> values;

        public Names()
        {
            names = Enum.GetValues<T>().ToFrozenDictionary(v => v, v => JsonSerializer.SerializeToElement(v, EventJson.Options).GetString()!);
            values = names.ToFrozenDictionary(n => n.Value, n => n.Key);
        }

        public string Of(T value) => names[value];

        public T Parse(string name) => values[name];
    }
}
