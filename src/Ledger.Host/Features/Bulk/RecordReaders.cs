using System.Collections.Immutable;
using System.Text.Json;
using Ledger.Domain.Editing;

namespace Ledger.Host.Features.Bulk;

/// <summary>What the JSON forms' fields mean (docs/how-to/bulk-edits.md). A record that is not of its form throws the reason.</summary>
internal static class RecordReaders
{
    /// <summary>The plain form's fields; those in the second row may be called so too, or are the writer's own.</summary>
    public static readonly ImmutableArray<string> PlainFields =
    [
        "prompt", "subject", "target", "target_true", "relation", "paraphrases", "neighbours", "reason", "source",
        "target_new", "neighbors", "id", "case_id",
    ];

    /// <summary>CounterFact's fields that are read; what it has besides is left alone.</summary>
    private static readonly ImmutableArray<string> CounterFactFields = ["requested_rewrite", "paraphrase_prompts", "neighborhood_prompts", "generation_prompts"];

    /// <summary>The form's own fields, by which a file is recognised.</summary>
    public static bool Fits(BulkFormat format, JsonElement record) => format switch
    {
        BulkFormat.CounterFact => record.TryGetProperty("requested_rewrite", out _),
        BulkFormat.ZsRe => record.TryGetProperty("src", out _) && record.TryGetProperty("alt", out _),
        BulkFormat.Plain => record.TryGetProperty("prompt", out _) && (record.TryGetProperty("target", out _) || record.TryGetProperty("target_new", out _)),
        _ => false,
    };

    public static BulkEdit Read(BulkFormat format, JsonElement record) => format switch
    {
        BulkFormat.CounterFact => CounterFact(record),
        BulkFormat.ZsRe => ZsRe(record),
        _ => Plain(record),
    };

    /// <summary>requested_rewrite {prompt, subject, target_new.str, target_true.str?, relation_id?}, paraphrase_prompts?, neighborhood_prompts?, generation_prompts?; others are left alone, but not one that is only spelt otherwise.</summary>
    private static BulkEdit CounterFact(JsonElement record)
    {
        RequireSpelling(record, CounterFactFields);
        var rewrite = Member(record, "requested_rewrite", JsonValueKind.Object) ?? throw Missing("requested_rewrite", "an object with prompt, subject and target_new");
        return new BulkEdit(new EditRequest(
            Required(rewrite, "prompt", "requested_rewrite."),
            Required(rewrite, "subject", "requested_rewrite."),
            Target("target_new") ?? throw Missing("requested_rewrite.target_new", "{\"str\": \"…\"}"),
            Target("target_true"),
            Text(rewrite, "relation_id"),
            Texts(record, "paraphrase_prompts"),
            Texts(record, "neighborhood_prompts")))
        {
            Generations = Texts(record, "generation_prompts"),
        };

        string? Target(string name) => Member(rewrite, name, JsonValueKind.Object) is { } target ? Required(target, "str", $"requested_rewrite.{name}.") : null;
    }

    /// <summary>subject, src (the question, with the subject in it), alt (the new answer), answers?, rephrase?, loc?; others are left alone.</summary>
    private static BulkEdit ZsRe(JsonElement record)
    {
        var (subject, question) = (Required(record, "subject"), Required(record, "src"));
        var at = subject.Length > 0 ? question.IndexOf(subject, StringComparison.Ordinal) : -1;
        if (at < 0) throw new RecordFault($"the question does not contain its subject: \"{question}\", \"{subject}\"", "write the subject in src as it stands in subject");
        return new BulkEdit(new EditRequest(
            $"{question[..at]}{EditRequest.Placeholder}{question[(at + subject.Length)..]}",
            subject,
            Required(record, "alt"),
            Texts(record, "answers").FirstOrDefault(),
            null,
            Texts(record, "rephrase"),
            Texts(record, "loc")));
    }

    private static BulkEdit Plain(JsonElement record)
    {
        foreach (var field in record.EnumerateObject())
            if (!PlainFields.Contains(field.Name)) throw new RecordFault($"a plain record has no field \"{field.Name}\"", $"its fields are {string.Join(", ", PlainFields)}");
        return new BulkEdit(
            new EditRequest(
                Required(record, "prompt"),
                Required(record, "subject"),
                Text(record, Either(record, "target", "target_new")) ?? throw Missing("target", "a string"),
                Text(record, "target_true"),
                Text(record, "relation"),
                Texts(record, "paraphrases"),
                Texts(record, Either(record, "neighbours", "neighbors"))),
            Text(record, "reason"),
            Text(record, "source"));
    }

    /// <summary>Of a form whose other fields are left alone a misspelt one would be, too, and the record be scored without its prompts.</summary>
    private static void RequireSpelling(JsonElement record, ImmutableArray<string> fields)
    {
        foreach (var name in record.EnumerateObject().Select(f => f.Name).Where(n => !fields.Contains(n)))
            if (fields.FirstOrDefault(f => Letters(f) == Letters(name)) is { } meant) throw new RecordFault($"there is no field \"{name}\"", $"write it as {meant}");

        static string Letters(string name) => new string([.. name.ToLowerInvariant().Where(char.IsLetter)]).Replace("our", "or", StringComparison.Ordinal).TrimEnd('s');
    }

    private static string Either(JsonElement record, string name, string other)
    {
        if (!record.TryGetProperty(other, out _)) return name;
        return record.TryGetProperty(name, out _) ? throw new RecordFault($"{name} and {other} are the same field", "leave one of them out") : other;
    }

    private static string Required(JsonElement from, string name, string within = "") => Text(from, name) ?? throw Missing(within + name, "a string");

    private static string? Text(JsonElement from, string name) => Member(from, name, JsonValueKind.String)?.GetString();

    /// <summary>An array of strings, one string, or nothing.</summary>
    private static ImmutableArray<string> Texts(JsonElement from, string name)
    {
        if (from.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String) return [value.GetString()!];
        if (Member(from, name, JsonValueKind.Array) is not { } array) return [];
        if (array.EnumerateArray().Any(e => e.ValueKind != JsonValueKind.String)) throw Wrong(name, "an array of strings");
        return [.. array.EnumerateArray().Select(e => e.GetString()!)];
    }

    private static JsonElement? Member(JsonElement from, string name, JsonValueKind kind)
    {
        if (!from.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        return value.ValueKind == kind ? value : throw Wrong(name, kind switch { JsonValueKind.Object => "an object", JsonValueKind.Array => "an array", _ => "a string" });
    }

    private static RecordFault Missing(string name, string wanted) => new($"{name} is missing", $"write {name} as {wanted}");

    private static RecordFault Wrong(string name, string wanted) => new($"{name} is not {wanted}", $"write {name} as {wanted}");
}
