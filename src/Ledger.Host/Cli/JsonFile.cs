using System.Text.Json;
using Ledger.Domain;
using Ledger.Domain.Events;

namespace Ledger.Host.Cli;

/// <summary>A JSON file a person wrote.</summary>
internal static class JsonFile
{
    /// <exception cref="SetupException">Not there, or not of that form.</exception>
    public static T Read<T>(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllBytes(path), EventJson.Options) ?? throw new JsonException("it is null");
        }
        catch (JsonException e)
        {
            throw new SetupException($"{path} is not what it should be: {e.Message}", "docs/event-format.md shows the form");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SetupException($"{path} cannot be read: {e.Message}", "name a file that can");
        }
    }
}
