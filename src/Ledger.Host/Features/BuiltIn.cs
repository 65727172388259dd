using System.Text.Json;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Engine.Statistics;
using Ledger.Host.Features.Bulk;

namespace Ledger.Host.Features;

/// <summary>The model that comes with the program, what it is measured with, and the set-up a sweep chose for it; atlas/README.md says how each came about.</summary>
public static class BuiltIn
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "builtin");
    private static readonly Lazy<BuiltInSetup> Read = new(ReadSetup);

    /// <summary>An ordinary checkpoint folder.</summary>
    public static string Model { get; } = Path.Combine(Folder, "atlas");

    /// <summary>The text its C was measured over.</summary>
    public static string Corpus { get; } = Path.Combine(Folder, "corpus.txt");

    /// <summary>Its facts, each with a wrong answer to edit in, in CounterFact's form.</summary>
    public static string Records { get; } = Path.Combine(Folder, "records.json");

    /// <summary>Opens a ledger over it as the sweep chose.</summary>
    /// <exception cref="SetupException">The program's own files are damaged.</exception>
    public static OpenLedger Open(string name, string author) => new(name, Model, Setup.Layer, 0, Setup.Hyperparameters, author);

    /// <summary>Its C at that layer.</summary>
    /// <exception cref="SetupException">The program's own files are damaged.</exception>
    public static OpenLedgerFeature.KnownKeys Keys => new(new KeyStatisticsStore(Path.Combine(Folder, "keystats")), Setup.KeyStatistics);

    /// <exception cref="SetupException">The program's own files are damaged.</exception>
    public static BuiltInSetup Setup => Read.Value;

    /// <summary>One of its facts, with paraphrases and neighbours.</summary>
    /// <exception cref="SetupException">There is no such fact.</exception>
    public static EditRequest Fact(string subject, string relation)
    {
        using var file = BulkFile.Open(Records, BulkFormat.CounterFact);
        return file.Records().Select(r => r.Edit?.Request).FirstOrDefault(r => r?.Subject == subject && r.Relation == relation)
            ?? throw new SetupException($"{Records} has no {relation} of {subject}.", "build ledger again: it is a file that comes with the program");
    }

    private static BuiltInSetup ReadSetup()
    {
        var path = Path.Combine(Folder, "setup.json");
        try
        {
            return JsonSerializer.Deserialize<BuiltInSetup>(File.ReadAllBytes(path), EventJson.Options) ?? throw new JsonException("it is null");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new SetupException($"{path} cannot be read: {e.Message}", "build ledger again: it is a file that comes with the program");
        }
    }
}

/// <param name="Layer">ℓ.</param>
/// <param name="Hyperparameters">Of the search for v_e.</param>
/// <param name="KeyStatistics">What is known about the C that comes along.</param>
public sealed record BuiltInSetup(int Layer, Hyperparameters Hyperparameters, KeyStatistics KeyStatistics);
