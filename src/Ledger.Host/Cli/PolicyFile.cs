using System.Text.Json;
using System.Text.Json.Nodes;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Host.Features.Evaluating;

namespace Ledger.Host.Cli;

/// <summary>
/// A gate policy as a person writes it: as events have it (docs/event-format.md, GatePolicy), where <c>probe</c> and <c>stream</c> may be left out, of a probe all but what it is asked about, and of a stream
/// rule the action quarantine.
/// </summary>
internal static class PolicyFile
{
    /// <param name="texts">A file with the probe's texts, or null for those of the policy itself.</param>
    /// <exception cref="LedgerException">Not there, or not of that form.</exception>
    public static GatePolicy Read(string path, string? texts)
    {
        try
        {
            var policy = JsonNode.Parse(JsonFile.Bytes(path), documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false }) as JsonObject ?? throw new JsonException("it is not an object");
            Complete(policy);
            if (texts is not null)
            {
                if (policy["probe"] is not JsonObject probe) policy["probe"] = probe = Completed([]);
                probe["texts"] = new JsonArray([.. TextFile.Read(texts).Texts.Select(t => JsonValue.Create(t))]);
            }
            return policy.Deserialize<GatePolicy>(EventJson.Options) ?? throw new JsonException("it is null");
        }
        catch (JsonException e)
        {
            throw new SetupException($"{path} is not a gate policy: {JsonFile.Fault<GatePolicy>(e)}", "ledger gate --json prints one in the form it should have; docs/event-format.md, GatePolicy, says what each field means");
        }
        catch (InvalidOperationException)
        {
            throw new SetupException($"{path} is not a gate policy: it holds text that is not Unicode, half a surrogate pair", "write the character whole");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new SetupException($"{path} cannot be read: {e.Message}", "name a file that can");
        }
    }

    private static void Complete(JsonObject policy)
    {
        policy.TryAdd("probe", null);
        policy.TryAdd("stream", new JsonArray());
        if (policy["probe"] is JsonObject probe) Completed(probe);
        if (policy["stream"] is JsonArray stream)
            foreach (var rule in stream.OfType<JsonObject>()) rule.TryAdd("action", "quarantine");
    }

    private static JsonObject Completed(JsonObject probe)
    {
        probe.TryAdd("texts", new JsonArray());
        probe.TryAdd("tokens", GateProbe.PublishedTokens);
        probe.TryAdd("seed", 0);
        return probe;
    }
}
