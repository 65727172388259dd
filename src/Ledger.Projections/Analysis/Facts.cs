using Ledger.Domain.Editing;
using Ledger.Projections.Timelines;

namespace Ledger.Projections.Analysis;

/// <summary>When two requests are about the same fact: same subject and relation, or same subject and prompt; trimmed, letter for letter.</summary>
public static class Facts
{
    public static bool Same(EditRequest a, EditRequest b) =>
        Equal(a.Subject, b.Subject) && (Equal(a.Prompt, b.Prompt) || (HasRelation(a) && HasRelation(b) && Equal(a.Relation, b.Relation)));

    /// <summary>They are about the same fact and say other things of it; targets are compared as they follow a prompt.</summary>
    public static bool Conflict(EditRequest a, EditRequest b) =>
        Same(a, b) && !string.Equals(EditRequest.AfterPrompt(a.Target), EditRequest.AfterPrompt(b.Target), StringComparison.Ordinal);

    internal static bool Equal(string? a, string? b) => string.Equals(a?.Trim(), b?.Trim(), StringComparison.Ordinal);

    internal static bool HasRelation(EditRequest request) => !string.IsNullOrWhiteSpace(request.Relation);
}

/// <summary>Edits by what they are about, so that a merge of thousands need not compare each with each.</summary>
public sealed class FactIndex
{
    private readonly IReadOnlyList<EffectiveEdit> edits;
    private readonly ILookup<(string Subject, string Prompt), int> byPrompt;
    private readonly ILookup<(string Subject, string Relation), int> byRelation;

    public FactIndex(IReadOnlyList<EffectiveEdit> edits)
    {
        this.edits = edits;
        var places = Enumerable.Range(0, edits.Count).ToArray();
        byPrompt = places.ToLookup(i => Prompt(edits[i].Request));
        byRelation = places.Where(i => Facts.HasRelation(edits[i].Request)).ToLookup(i => Relation(edits[i].Request));
    }

    /// <summary>The edits about the same fact (<see cref="Facts.Same"/>), in the list's order.</summary>
    public IEnumerable<EffectiveEdit> About(EditRequest request) =>
        byPrompt[Prompt(request)].Union(Facts.HasRelation(request) ? byRelation[Relation(request)] : []).Order().Select(i => edits[i]);

    /// <summary>Those of them that say something else (<see cref="Facts.Conflict"/>).</summary>
    public IEnumerable<EffectiveEdit> Conflicting(EditRequest request) => About(request).Where(e => Facts.Conflict(e.Request, request));

    private static (string, string) Prompt(EditRequest request) => (request.Subject.Trim(), request.Prompt.Trim());

    private static (string, string) Relation(EditRequest request) => (request.Subject.Trim(), request.Relation!.Trim());
}
