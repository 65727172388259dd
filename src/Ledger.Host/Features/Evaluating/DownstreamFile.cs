using System.Collections.Immutable;
using System.Text.Json;
using Ledger.Domain;

namespace Ledger.Host.Features.Evaluating;

/// <summary>Items of a downstream task: JSON Lines with the task's texts and a label of 0 or 1, in a file of the task's name.</summary>
/// <param name="Digest">SHA-256 of the whole file.</param>
public sealed record DownstreamFile(string Name, Digest Digest, DownstreamTask Task, ImmutableArray<DownstreamItem> Items)
{
    private const string Extension = ".jsonl";

    private static string Names => string.Join(", ", DownstreamTask.All.Select(t => t.Name + Extension));

    /// <summary>The files meant: of a folder those of the tasks in it, in the tasks' order.</summary>
    /// <exception cref="EvaluationDataException">A folder without any.</exception>
    public static IEnumerable<string> Find(string path)
    {
        if (!Directory.Exists(path)) return [path];
        string[] found = [.. DownstreamTask.All.Select(t => Path.Combine(path, t.Name + Extension)).Where(File.Exists)];
        return found.Length > 0 ? found : throw new EvaluationDataException(path, null, null, "the folder holds no task", $"put files in it that are called {Names}");
    }

    /// <exception cref="EvaluationDataException">The file's name is no task's, or an item is not what the task asks for.</exception>
    public static DownstreamFile Read(string path)
    {
        var task = DownstreamTask.All.FirstOrDefault(t => t.Name + Extension == Path.GetFileName(path)) ?? throw new EvaluationDataException(path, null, null, "no task is called so", $"name a file {Names}");
        var bytes = DataBytes.Read(path, "one item a line");
        var items = DataBytes.Lines(path, bytes).Where(l => l.Trim().Length > 0).Select((line, i) => Item(path, i + 1, line, task)).ToImmutableArray();
        return items.IsEmpty ? throw new EvaluationDataException(path, null, null, "the file holds no item", "write one a line") : new DownstreamFile(Path.GetFileName(path), Digest.Of(bytes), task, items);
    }

    private static DownstreamItem Item(string path, int number, string line, DownstreamTask task)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            var item = json.RootElement;
            if (item.ValueKind != JsonValueKind.Object) throw Wrong("the record is not an object", "an object");
            var texts = task.Fields.Select(f => item.TryGetProperty(f, out var text) && text.ValueKind == JsonValueKind.String ? DataBytes.Text(text, path, number) : throw Wrong($"{f} is missing or no text", $"{f} as a text")).ToImmutableArray();
            return item.TryGetProperty("label", out var label) && label.ValueKind == JsonValueKind.Number && label.TryGetInt32(out var value) && value is 0 or 1
                ? new DownstreamItem(texts, label.GetInt32()) : throw Wrong("label is neither 0 nor 1", "label as 0 or 1");
        }
        catch (JsonException e)
        {
            throw Wrong($"not JSON: {e.Message.Split(" LineNumber:")[0].TrimEnd('.')}", "a JSON object");
        }

        EvaluationDataException Wrong(string problem, string wanted) => new(path, number, null, problem, $"write {wanted}; an item of {task.Name} has {string.Join(", ", task.Fields)} and label");
    }
}
