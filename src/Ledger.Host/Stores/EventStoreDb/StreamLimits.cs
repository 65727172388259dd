using System.Text.Json;

namespace Ledger.Host.Stores.EventStoreDb;

/// <summary>What a stream's metadata take away from it. Nothing may be: a ledger's streams are kept whole.</summary>
internal static class StreamLimits
{
    /// <summary>The server's own number for a stream that was deleted and may be written again.</summary>
    private const long Deleted = long.MaxValue;

    private static readonly string[] Names = ["$tb", "$maxCount", "$maxAge"];

    /// <param name="metadata">The newest, as the server has them.</param>
    /// <returns>In words; null where nothing is taken away.</returns>
    public static string? In(ReadOnlyMemory<byte> metadata)
    {
        try
        {
            using var json = JsonDocument.Parse(metadata);
            if (json.RootElement.ValueKind != JsonValueKind.Object) return null;
            foreach (var name in Names)
                if (json.RootElement.TryGetProperty(name, out var limit))
                    return name == "$tb" && limit.ValueKind == JsonValueKind.Number && limit.GetInt64() == Deleted ? "it was deleted" : $"its metadata have {name} {limit}";
            return null;
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            // Metadata that the server does not understand take nothing away.
            return null;
        }
    }
}
