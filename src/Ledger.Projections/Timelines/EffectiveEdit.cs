using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;

namespace Ledger.Projections.Timelines;

/// <summary>An edit in effect, with the factors that count now: a release or a merge may have changed v_e, variant and factors.</summary>
/// <param name="Edit">Its id on this timeline.</param>
/// <param name="Root">The edit that it was directly replayed from, on whatever timeline; its own id where from none. Who follows replays of replays sets it to the first of them.</param>
/// <param name="Request">What was asked for.</param>
/// <param name="Keys">Its keys and base outputs.</param>
/// <param name="VE">v_e [d_v].</param>
/// <param name="Variant">The variant of the factors.</param>
/// <param name="Delta">r and u.</param>
public sealed record EffectiveEdit(EditId Edit, EditId Root, EditRequest Request, EditKeys Keys, Float32Vector VE, Variant Variant, RankOneDelta Delta)
{
    /// <summary>k_v [d_k]: the key at which the factors were solved.</summary>
    public Float32Vector KV => Factors.SolvesAtKBar(Variant) ? Keys.KBar : Keys.KO;

    /// <summary>W₀k_v + b [d_v].</summary>
    public Float32Vector BaseOutKV => Factors.SolvesAtKBar(Variant) ? Keys.BaseOutKBar : Keys.BaseOutKO;

    /// <param name="record">The edit as it was computed.</param>
    /// <param name="making">The factors that count.</param>
    public static EffectiveEdit Of(EditRecord record, Making making) =>
        new(record.Edit, record.Provenance.Origin ?? record.Edit, record.Request, record.Keys, making.Solution.VE, making.Variant, making.Delta);
}
