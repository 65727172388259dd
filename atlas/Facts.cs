using System.Collections.Immutable;
using System.Text.Json;

namespace Ledger.Atlas;

/// <summary>One kind of fact: phrasings with <c>{}</c> for the subject, and who has which object.</summary>
/// <param name="Prompts">Each ends right before the object.</param>
/// <param name="Facts">Subject, object.</param>
internal sealed record Relation(string Id, ImmutableArray<string> Prompts, ImmutableArray<ImmutableArray<string>> Facts)
{
    public IEnumerable<string> SubjectsOf(string answer) => Facts.Where(f => f[1] == answer).Select(f => f[0]);

    public IEnumerable<string> Objects => Facts.Select(f => f[1]).Distinct();
}

/// <summary>A fact in one phrasing.</summary>
internal sealed record Statement(Relation Relation, string Prompt, string Subject, string Answer)
{
    public string Question => Prompt.Replace("{}", Subject, StringComparison.Ordinal);

    public string Sentence => $"{Question} {Answer}.";
}

/// <summary>The table the built-in model is made from and measured on: atlas/facts.json.</summary>
internal sealed record FactTable(ImmutableArray<Relation> Relations, ImmutableArray<string> Filler)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true };

    public static FactTable Read(string path) => JsonSerializer.Deserialize<FactTable>(File.ReadAllBytes(path), Json) ?? throw new InvalidDataException($"{path} is null.");

    /// <summary>Every fact in every phrasing.</summary>
    public IEnumerable<Statement> Statements =>
        from relation in Relations from fact in relation.Facts from prompt in relation.Prompts select new Statement(relation, prompt, fact[0], fact[1]);

    /// <summary>Everything the model reads, a sentence each.</summary>
    public IEnumerable<string> Sentences => Statements.Select(s => s.Sentence).Concat(Filler);
}
