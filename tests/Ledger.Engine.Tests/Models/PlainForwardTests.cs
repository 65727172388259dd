using Ledger.Engine.Models;
using Ledger.Engine.Tests.Golden;
using Ledger.Engine.Tests.Support;
using static TorchSharp.torch;

namespace Ledger.Engine.Tests.Models;

public sealed class PlainForwardTests
{
    public static TheoryData<string> Kinds => TinyModels.Kinds;

    [Theory, MemberData(nameof(Kinds))]
    public void Logits_and_keys_are_those_of_the_model_written_as_plain_loops(string kind)
    {
        int[] ids = [12, 200, 7, 268, 12, 99, 31, 31, 250, 9, 8];
        using var model = new TinyModel(kind);
        var (logits, keys) = new PlainForward(kind).Run(ids);
        var differences = new Differences();
        differences.Relative("logits", kind, model.Logits(ids).SelectMany(row => row).Select(x => (double)x), [.. logits.SelectMany(row => row)], 1e-5);

        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var rows = TokenRows.FromLeft([ids]);
        using var pass = Pass.Over(rows, CPU);
        model.Model.Run(model.Model.Embed(rows.Ids(CPU), pass), pass, 0, TinyModels.Layers, (layer, k, _) =>
            differences.Relative("keys", $"layer {layer}", k.Floats().Select(x => (double)x), [.. keys[layer].SelectMany(row => row)], 1e-5));
        differences.Check();
    }
}
