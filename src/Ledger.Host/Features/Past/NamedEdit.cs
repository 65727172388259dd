using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Projections.Timelines;

namespace Ledger.Host.Features.Past;

/// <summary>An edit as answers about the past name it.</summary>
/// <param name="Revision">The revision that brought it to the timeline.</param>
/// <param name="Variant">Of the factors that count.</param>
/// <param name="AbsDelta">|Δ| of the factors that count.</param>
public sealed record NamedEdit(EditId Id, long Revision, string Prompt, string Subject, string Target, Variant Variant, double AbsDelta)
{
    public static NamedEdit Of(TimelineHistory history, EditId edit)
    {
        var (request, entry) = (history.Record(edit).Request, history.Timeline.Known(edit));
        return new NamedEdit(edit, entry.Revision, request.Prompt, request.Subject, request.Target, entry.Variant, entry.AbsDelta);
    }
}

internal static class EditsAt
{
    /// <summary>The edits in effect, in order of taking effect.</summary>
    /// <exception cref="SetupException">There is none.</exception>
    public static IReadOnlyList<EffectiveEdit> RequireEdits(this TimelineHistory history) =>
        history.EditsInEffect() is { IsEmpty: false } edits ? edits
            : throw new SetupException($"No edit is in effect at {history.Name}@{history.Timeline.Revision}: the weights there are the base's.", "name another revision or timeline; `ledger log` lists them");
}
