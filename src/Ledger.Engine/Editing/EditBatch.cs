using Ledger.Domain;
using Ledger.Engine.Models;
using static TorchSharp.torch;

namespace Ledger.Engine.Editing;

/// <summary>
/// What of an edit's batch does not depend on δ, computed once. Rows are shifted so that all lookup tokens lie in one column, P. Left of it,
/// and up to layer ℓ's MLP, nothing depends on δ: of the columns before P only the keys and values above ℓ are kept, and of the columns
/// from P on only layer ℓ's output. This is exact: causal attention never looks right.
/// </summary>
/// <remarks>Shapes: B rows, P columns before the lookup's, S columns from it on.</remarks>
internal sealed class EditBatch : IDisposable
{
    private readonly Decoder model;
    private readonly int layer;
    private readonly KeyValueCache past;
    private readonly Pass pass;
    private readonly Tensor output;     // [B, S, d_v]: layer ℓ's, δ left out

    public EditBatch(Decoder model, int layer, EditRows edit)
    {
        (this.model, this.layer) = (model, layer);
        // Nobody reads the KL row after its lookup token.
        var rows = TokenRows.At([.. edit.Rows.Select((r, i) => i < edit.Contexts ? r : [.. r.Take(edit.Lookups[i] + 1)])], edit.Lookups);
        int p = rows.Anchor, s = rows.Columns - p, layers = model.Config.Layers;
        past = new KeyValueCache(layers);
        pass = new Pass(rows.Starts, p, s, past, keep: false, model.Device);
        Columns = s;
        Targets = [.. Enumerable.Range(0, edit.Contexts).Select(i => rows.End(i) - p - edit.Target.Count)];

        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var all = Pass.Over(rows, model.Device);
        var x = model.Run(model.Embed(rows.Ids(model.Device), all), all, 0, layer);                     // [B, P + S, d_v]
        var (residual, k) = model.Key(layer, x, all);                                                   // [B, P + S, d_v], [B, P + S, d_k]
        x = residual.Plus(model.Value(layer, k));
        output = x.narrow(1, p, s).contiguous().DetachFromDisposeScope();
        Keys = k.select(1, p).Vectors();                                                                // [B, d_k]
        if (p == 0) return;
        using var before = new Pass(rows.Starts, 0, p, past, keep: true, model.Device);
        model.Run(x.narrow(1, 0, p), before, layer + 1, layers);
    }

    /// <summary>k at each row's lookup token; the KL row's is the last.</summary>
    public IReadOnlyList<Float32Vector> Keys { get; }

    /// <summary>S.</summary>
    public int Columns { get; }

    /// <summary>Of each row that holds the target, the column, counted from P, that is asked for the target's first id.</summary>
    public IReadOnlyList<int> Targets { get; }

    /// <summary>The last block's output in the columns from P on [B, S, d_v], with δ added to the MLP's output at layer ℓ and column P in every row.</summary>
    /// <param name="delta">δ [d_v].</param>
    public Tensor Run(Tensor delta)
    {
        var lookup = output.narrow(1, 0, 1).Plus(delta);                                                // [B, 1, d_v]
        var x = Columns == 1 ? lookup : cat([lookup, output.narrow(1, 1, Columns - 1)], 1);             // [B, S, d_v]
        return model.Run(x, pass, layer + 1, model.Config.Layers);
    }

    public void Dispose()
    {
        past.Dispose();
        pass.Dispose();
        output.Dispose();
    }
}
