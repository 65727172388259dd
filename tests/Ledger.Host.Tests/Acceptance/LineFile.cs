using System.Text.Json;
using Ledger.Domain.Events;

namespace Ledger.Host.Tests.Acceptance;

/// <summary>What a long run has found so far, a line of JSON each. A line that a killed run left unfinished is cut off.</summary>
internal sealed class LineFile<T>(string path)
{
    public IReadOnlyList<T> Read()
    {
        if (!File.Exists(path)) return [];
        var text = File.ReadAllText(path);
        if (!text.EndsWith('\n')) File.WriteAllText(path, text = text[..(text.LastIndexOf('\n') + 1)]);
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonSerializer.Deserialize<T>(l, EventJson.Options)!)];
    }

    public void Append(T found) => File.AppendAllText(path, JsonSerializer.Serialize(found, EventJson.Options) + "\n");
}
