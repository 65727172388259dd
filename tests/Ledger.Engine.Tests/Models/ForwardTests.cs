using Ledger.Engine.Models;
using Ledger.Engine.Tests.Golden;
using Ledger.Engine.Tests.Support;
using static TorchSharp.torch;

namespace Ledger.Engine.Tests.Models;

/// <summary>However a text is run, in pieces or beside others, its logits are the ones it has alone and at once.</summary>
public sealed class ForwardTests
{
    private const double Tolerance = 5e-5;

    private static readonly int[][] Texts = [[5, 90, 33, 71, 268, 14, 60], [7], [101, 102, 103], [12, 200, 12, 200, 12, 200, 12, 200, 12, 9, 8]];

    public static TheoryData<string> Kinds => TinyModels.Kinds;

    [Theory, MemberData(nameof(Kinds))]
    public void Pieces_through_the_key_value_cache_give_what_the_whole_gives(string kind)
    {
        using var model = new TinyModel(kind);
        var differences = new Differences();
        var ids = Texts[3];
        var whole = model.Logits(ids);
        foreach (var sizes in (int[][])[[11], [1, 10], [4, 3, 4], [6, 1, 1, 1, 1, 1]])
        {
            using var past = new KeyValueCache(TinyModels.Layers);
            var first = 0;
            foreach (var size in sizes)
            {
                var piece = Run(model.Model, [ids[first..(first + size)]], [0], first, past);
                for (var s = 0; s < size; s++) Compare(differences, $"column {first + s} of pieces {string.Join('+', sizes)}", piece[0][s], whole[first + s]);
                first += size;
            }
        }
        differences.Check();
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Padding_on_either_side_changes_nothing_at_real_positions(string kind)
    {
        using var model = new TinyModel(kind);
        var differences = new Differences();
        foreach (var (side, rows) in new[] { ("right", TokenRows.FromLeft(Texts)), ("left", TokenRows.ToRight(Texts)), ("both sides", TokenRows.At(Texts, [3, 0, 2, 1])) })
        {
            using var scope = NewDisposeScope();
            using var pass = Pass.Over(rows, CPU);
            var logits = Logits(model.Model, rows.Ids(CPU), pass);
            for (var i = 0; i < Texts.Length; i++)
            {
                var alone = model.Logits(Texts[i]);
                for (var t = 0; t < Texts[i].Length; t++) Compare(differences, $"token {t} of row {i}, padded on the {side}", logits[i][rows.Starts[i] + t], alone[t]);
            }
        }
        differences.Check();
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Padded_rows_can_be_run_in_pieces_too(string kind)
    {
        using var model = new TinyModel(kind);
        var differences = new Differences();
        var rows = TokenRows.ToRight(Texts);
        var columns = Texts.Select((row, i) => new int[rows.Starts[i]].Concat(row).ToArray()).ToArray();
        using var past = new KeyValueCache(TinyModels.Layers);
        foreach (var (first, size) in new[] { (0, 6), (6, 4), (10, 1) })
        {
            var piece = Run(model.Model, [.. columns.Select(c => c[first..(first + size)])], rows.Starts.ToArray(), first, past);
            for (var i = 0; i < Texts.Length; i++)
                for (var s = Math.Max(first, rows.Starts[i]); s < first + size; s++)
                    Compare(differences, $"row {i}, column {s}", piece[i][s - first], model.Logits(Texts[i])[s - rows.Starts[i]]);
        }
        differences.Check();
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_past_that_is_not_kept_can_be_used_again(string kind)
    {
        using var model = new TinyModel(kind);
        using var past = new KeyValueCache(TinyModels.Layers);
        Run(model.Model, [Texts[3][..4]], [0], 0, past);
        var once = Run(model.Model, [Texts[3][4..8]], [0], 4, past, keep: false)[0];
        Run(model.Model, [Texts[0][..4]], [0], 4, past, keep: false);
        Run(model.Model, [Texts[3][4..8]], [0], 4, past, keep: false)[0].ShouldBe(once);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void What_is_installed_is_what_the_model_runs_with_and_only_at_its_layer(string kind)
    {
        using var model = new TinyModel(kind);
        using var other = new TinyModel(kind, seed: 2);
        var before = model.Logits(Texts[0]);
        model.Model.Install(1, other.W0(1));
        var after = model.Logits(Texts[0]);
        after.ShouldNotBe(before);
        using var untouched = new TinyModel(kind);
        var k = Enumerable.Range(0, TinyModels.Inner).Select(i => (float)i).ToArray();
        Value(model.Model, 1, k).ShouldNotBe(Value(untouched.Model, 1, k));
        foreach (var layer in (int[])[0, 2]) Value(model.Model, layer, k).ShouldBe(Value(untouched.Model, layer, k));
        model.Model.Install(1, model.W0(1));
        model.Logits(Texts[0]).ShouldBe(before);
        Should.Throw<Domain.ShapeException>(() => model.Model.Install(1, new float[3])).Actual.ShouldBe(3);
    }

    private static float[] Value(Decoder model, int layer, float[] k)
    {
        using var scope = NewDisposeScope();
        return model.Value(layer, tensor(k)).Floats();
    }

    private static float[][][] Run(Decoder model, int[][] ids, int[] starts, int first, KeyValueCache past, bool keep = true)
    {
        using var scope = NewDisposeScope();
        using var pass = new Pass(starts, first, ids[0].Length, past, keep, CPU);
        return Logits(model, tensor([.. ids.SelectMany(r => r).Select(i => (long)i)], [ids.Length, ids[0].Length]), pass);
    }

    private static float[][][] Logits(Decoder model, Tensor ids, Pass pass)
    {
        using var noGrad = no_grad();
        var logits = model.Logits(model.Run(model.Embed(ids, pass), pass, 0, TinyModels.Layers));
        return [.. logits.Floats().Chunk(TinyTokenizer.Size).Chunk((int)ids.shape[1])];
    }

    private static void Compare(Differences differences, string where, float[] actual, float[] expected) =>
        differences.Absolute("logits", where, actual.Select(x => (double)x), [.. expected.Select(x => (double)x)], Tolerance);
}
