namespace Ledger.Domain;

/// <summary>Which matrix of which layer a ledger edits: the down-projection W of layer ℓ's MLP, acting as <c>out = W k + b</c>.</summary>
/// <param name="Layer">ℓ, counted from 0.</param>
/// <param name="Parameter">The tensor's name as the checkpoint spells it, <c>model.layers.4.mlp.down_proj.weight</c>.</param>
/// <param name="Dv">d_v, rows of W: the hidden width.</param>
/// <param name="Dk">d_k, columns of W: the MLP's inner width, the length of a key.</param>
public sealed record MatrixAddress(int Layer, string Parameter, int Dv, int Dk)
{
    public long Elements => (long)Dv * Dk;

    public override string ToString() => $"{Parameter} [{Dv} × {Dk}]";
}
