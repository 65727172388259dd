using System.Collections.Immutable;
using System.Text;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Host.Features.Bulk;
using Ledger.Host.Features.Evaluating;

namespace Ledger.Host.Features.Paper;

/// <summary>What of the paper's experiments is run.</summary>
/// <param name="Records">A file of facts with true targets; null for the built-in model's own.</param>
/// <param name="Text">Texts for perplexity; null for none, or for the built-in model's own.</param>
/// <param name="Downstream">Files of tasks, or folders of them.</param>
/// <param name="Variants">Those whose sequential edits are run.</param>
/// <param name="Independent">So many records are each edited alone; 0 for none.</param>
/// <param name="Sequential">So many records are edited in a row; 0 for none.</param>
/// <param name="Every">The sequential edits are measured on text, tasks and retention after every so many of them.</param>
/// <param name="Gate">The ledger's policy decides about the sequential edits; else it only writes down what it would have stopped, as the paper had none.</param>
/// <param name="Prefix">What the timelines' names begin with.</param>
/// <param name="Seed">For generated texts.</param>
public sealed record PaperPlan(
    string? Records, BulkFormat? Format, string? Text, IReadOnlyList<string> Downstream, ImmutableArray<Variant> Variants, int Independent, int Sequential, int Every, bool Gate, string Prefix, long Seed)
{
    /// <summary>The timeline of a variant's sequential edits.</summary>
    public string Timeline(Variant variant) => $"{Prefix}{(Gate ? "-gated" : "")}-{variant.Name()}";
}

/// <summary>The files of a plan, read and checked.</summary>
/// <param name="RecordsPath">Where the records were read from.</param>
/// <param name="Records">All of the file's records, however many of them are edited: the experiment goes on where somebody asks for more.</param>
public sealed record PaperData(string RecordsPath, FactFile Records, TextFile? Text, ImmutableArray<DownstreamFile> Downstream)
{
    private const int BuiltInSentences = 200;

    /// <param name="builtIn">The ledger is over the built-in model.</param>
    /// <exception cref="SetupException">No records are named and there are none of the model's own, or fewer than are to be edited.</exception>
    /// <exception cref="LedgerException">A file cannot be read, or holds what cannot be scored.</exception>
    public static PaperData Read(PaperPlan plan, bool builtIn)
    {
        var path = plan.Records ?? (builtIn ? BuiltIn.Records : throw new SetupException("No records are named.", "name a file of facts with true targets:  ledger paper --records counterfact.json"));
        var records = FactFile.Read(path, plan.Format, null);
        var most = Math.Max(plan.Independent, plan.Sequential);
        if (most > records.Facts.Length) throw new SetupException($"{records.Name} has {records.Facts.Length} records, fewer than {most}.", $"ask for at most {records.Facts.Length} with --independent and --sequential");
        var text = plan.Text is { } named ? TextFile.Read(named) : builtIn ? Sentences() : null;
        return new PaperData(path, records, text, [.. plan.Downstream.SelectMany(DownstreamFile.Find).Select(DownstreamFile.Read)]);
    }

    /// <summary>Sentences of the text that the built-in model was trained on.</summary>
    private static TextFile Sentences()
    {
        var sentences = File.ReadLines(BuiltIn.Corpus).Take(BuiltInSentences).Select(line => line[..(line.IndexOf(". ", StringComparison.Ordinal) + 1)]).Where(s => s.Length > 0).ToImmutableArray();
        return new TextFile($"{Path.GetFileName(BuiltIn.Corpus)}, first sentences", Digest.Of(Encoding.UTF8.GetBytes(string.Join('\n', sentences))), sentences);
    }
}
