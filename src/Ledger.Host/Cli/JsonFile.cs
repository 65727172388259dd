using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using Ledger.Domain;
using Ledger.Domain.Events;

namespace Ledger.Host.Cli;

/// <summary>A JSON file a person wrote.</summary>
internal static partial class JsonFile
{
    /// <exception cref="SetupException">Not there, or not of that form.</exception>
    public static T Read<T>(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(Bytes(path), EventJson.Options) ?? throw new JsonException("it is null");
        }
        catch (JsonException e)
        {
            throw new SetupException($"{path} is not what it should be: {Fault<T>(e)}", "docs/event-format.md shows the form");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new SetupException($"{path} cannot be read: {e.Message}", "name a file that can");
        }
    }

    /// <summary>A file's bytes without the byte order mark that editors put before them.</summary>
    public static ReadOnlySpan<byte> Bytes(string path)
    {
        ReadOnlySpan<byte> bytes = File.ReadAllBytes(path);
        return bytes.StartsWith(Encoding.UTF8.Preamble) ? bytes[Encoding.UTF8.Preamble.Length..] : bytes;
    }

    /// <summary>What is wrong in the file's own terms: where, and what belongs there. The library's words name types of this program.</summary>
    /// <typeparam name="T">What it should be.</typeparam>
    public static string Fault<T>(JsonException e)
    {
        // Not JSON at all: where is said by line.
        if (e.Path is not { } path || e.InnerException is JsonException) return e.Message;
        if (e.Message == EventJson.NullInList) path = path[..path.LastIndexOf('[')];
        var type = EventJson.Options.GetTypeInfo(typeof(T));
        foreach (Match step in Step().Matches(path))
        {
            var (at, name) = (path[..step.Index], step.Groups["name"].Value);
            if (name.Length == 0 && type.ElementType is { } element) type = EventJson.Options.GetTypeInfo(element);
            else if (type.Properties.FirstOrDefault(p => p.Name == name) is { } field) type = EventJson.Options.GetTypeInfo(field.PropertyType);
            else return $"{at} has a field \"{name}\"; it should be {Form(type)}";
        }
        return $"{path} should be {Form(type)}";
    }

    private static string Form(JsonTypeInfo type) => type switch
    {
        { Kind: JsonTypeInfoKind.Enumerable, ElementType: { } element } => $"a list, each of it {Form(EventJson.Options.GetTypeInfo(element))}",
        { Kind: JsonTypeInfoKind.Object } => $"an object with {string.Join(", ", type.Properties.Select(p => p.Name))}",
        { Type.IsEnum: true } => $"one of {string.Join(", ", Enum.GetValues(type.Type).Cast<object>().Select(v => JsonSerializer.SerializeToElement(v, type.Type, EventJson.Options).GetString()))}",
        _ when type.Type == typeof(string) => "a text",
        _ when type.Type == typeof(double) => "a number",
        _ when type.Type == typeof(int) => $"a whole number of at most {int.MaxValue}",
        _ => "a whole number",
    };

    [GeneratedRegex(@"\.(?<name>[^.\[]+)|\['(?<name>.*?)'\]|\[\d+\]")]
    private static partial Regex Step();
}
