using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Validation;
using Ledger.Host.Features.Bulk;

namespace Ledger.Host.Features.Evaluating;

/// <summary>A fact to be asked about.</summary>
/// <param name="Name">As in an event: its number, or an edit's id.</param>
/// <param name="Generations">Prompts to generate after; of a fact without any the rewrite prompt, ten times.</param>
public sealed record Fact(string Name, EditRequest Request, ImmutableArray<string> Generations)
{
    private const int Texts = 10;

    public ImmutableArray<string> GenerationPrompts => Generations.IsEmpty ? [.. Enumerable.Repeat(Request.Text, Texts)] : Generations;
}

/// <summary>Facts of a file, every one of which can be scored: with a true target that is not the new one.</summary>
/// <param name="Digest">SHA-256 of the whole file.</param>
public sealed record FactFile(string Name, Digest Digest, ImmutableArray<Fact> Facts)
{
    private static readonly EditRequestValidator Validator = new();

    /// <param name="first">Only so many records, or null for all.</param>
    /// <exception cref="EvaluationDataException">A record that cannot be scored.</exception>
    /// <exception cref="LedgerException">The file cannot be read or has an unknown form.</exception>
    public static FactFile Read(string path, BulkFormat? format, int? first)
    {
        using var file = Opened(path, format);
        if (file.Format == BulkFormat.ZsRe) throw new EvaluationDataException(path, null, null, "zsRE's neighbours have answers of their own, which the scores do not compare", "give CounterFact's form, or the plain one with target_true");
        var facts = file.Records().Take(first ?? int.MaxValue).Select((record, i) => Checked(path, file.Format, i + 1, record)).ToImmutableArray();
        return facts.IsEmpty ? throw new EvaluationDataException(path, null, null, "the file holds no record", $"name a file of facts: {BulkFormats.Marks}") : new FactFile(Path.GetFileName(path), file.Digest, facts);
    }

    private static BulkFile Opened(string path, BulkFormat? format)
    {
        try
        {
            return BulkFile.Open(path, format);
        }
        catch (BulkFileException e)
        {
            // No record can be left out here.
            throw e.Alone();
        }
    }

    private static Fact Checked(string path, BulkFormat format, int number, BulkRecord record)
    {
        if (record.Fault is { } fault) throw Wrong(fault.Problem, fault.RemedyAlone);
        var (request, generations) = (record.Edit!.Request, record.Edit.Generations);
        var within = format == BulkFormat.CounterFact ? "requested_rewrite." : "";
        if (request.TrueTarget is not { } truth)
            throw Wrong($"{within}target_true is missing", $"say what the world says, which scores compare the new target with: {within}target_true as {(format == BulkFormat.CounterFact ? "{\"str\": \"…\"}" : "a text")}");
        if (truth.Trim() == request.Target.Trim())
            throw Wrong($"{within}target_true is the new target too: \"{truth.Trim()}\"", "give two different targets: the scores ask which of them the model finds more likely");
        if (Validator.Validate(request) is { IsValid: false } found && new ValidationFailedException(found) is var faults) throw Wrong(faults.Message, faults.Remedy ?? "mend the record");
        foreach (var (field, prompts) in new[] { (format == BulkFormat.CounterFact ? "paraphrase_prompts" : "paraphrases", request.Paraphrases), (format == BulkFormat.CounterFact ? "neighborhood_prompts" : "neighbours", request.Neighbours), ("generation_prompts", generations) })
            if (prompts.Any(string.IsNullOrWhiteSpace)) throw Wrong($"{field} holds an empty prompt", "leave it out");
        return new Fact($"{number}", request, generations);

        EvaluationDataException Wrong(string problem, string remedy) => new(path, number, record.Line, problem, remedy);
    }
}
