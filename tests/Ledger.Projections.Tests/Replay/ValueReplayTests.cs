using CsCheck;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Projections.Replay;
using Ledger.Projections.Timelines;
using Ledger.TestKit;

namespace Ledger.Projections.Tests.Replay;

public sealed class ValueReplayTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Whatever_takes_effect_and_leaves_in_between_an_edit_is_given_the_bits_it_is_given_alone() =>
        Gen.Int[1, 1 << 30].Sample(seed =>
        {
            var model = new RandomModel(seed);
            var edits = model.Edits(1 + model.Below(100));                                  // more than are worked out at once
            var replay = new ValueReplay([.. edits.Select(e => e.Keys)]);
            var inEffect = new List<RankOneDelta>();
            for (var i = 0; i < edits.Length; i++)
            {
                var asked = edits[model.Below(20) == 0 ? model.Below(edits.Length) : i];    // now and then out of order
                var (m0, outKBar) = replay.At(Array.IndexOf(edits, asked), inEffect, Token);
                var (_, m0Alone, outKBarAlone) = Rederive.Values(asked.Keys, asked.VE, asked.Variant, inEffect);
                m0.ShouldBe(m0Alone);
                outKBar.ShouldBe(outKBarAlone);
                if (model.Below(4) > 0) inEffect.Add(edits[i].Delta);
                while (inEffect.Count > 0 && model.Below(5) == 0)
                {
                    var leaving = inEffect[model.Below(inEffect.Count)];
                    inEffect.Remove(leaving);
                    if (model.Below(2) == 0) inEffect.Add(leaving);                         // reinstated: as the last one
                }
                if (model.Below(40) == 0) inEffect.Reverse();                               // another state altogether
                if (model.Below(40) == 0) inEffect.Clear();
            }
        }, iter: 500, seed: "0000000000c8", threads: 2);

    [Fact]
    public void The_sequential_goldens_come_out_of_their_keys_and_values_alone()
    {
        var differences = new Differences();
        foreach (var golden in SequentialGolden.All())
        {
            var replay = new ValueReplay([.. golden.Edits.Select(e => e.Keys)]);
            var inEffect = new List<RankOneDelta>();
            foreach (var (edit, i) in golden.Edits.Select((e, i) => (e, i)))
            {
                var where = $"{golden.Name}, edit {i}";
                var (m0, outKBar) = replay.At(i, inEffect, Token);
                var factors = Rederive.Values(edit.Keys, edit.VE, golden.Variant, m0, outKBar);
                differences.Relative("k_v·u", factors.KvU, golden.KvU(i), 1e-5, where);
                differences.Relative("out", factors.Out, golden.Out(i), 2e-5, where);
                differences.Relative("r", factors.Delta.R, golden.R(i), 5e-5, where);
                inEffect.Add(factors.Delta);
            }
        }
        differences.Print();
    }

    [Fact]
    public void Where_the_key_does_not_meet_the_direction_that_variant_has_no_finite_factors_and_the_others_have()
    {
        var model = new RandomModel(6);
        var edit = model.Edit([]);
        var keys = edit.Keys with { UO = Float32Vector.Create(model.Dk, _ => { }) };
        var (m0, outKBar) = new ValueReplay([keys]).At(0, [], Token);
        Rederive.Values(keys, edit.VE, Variant.PRome, m0, outKBar).Delta.IsFinite().ShouldBeFalse();
        Rederive.Values(keys, edit.VE, Variant.RRome, m0, outKBar).Delta.IsFinite().ShouldBeTrue();
    }

    [Fact]
    public void Factors_of_another_shape_are_refused_and_change_nothing()
    {
        var model = new RandomModel(7);
        EffectiveEdit[] edits = [model.Edit([]), model.Edit([])];
        var (delta, replay) = (edits[0].Delta, new ValueReplay([.. edits.Select(e => e.Keys)]));
        replay.At(0, [delta], Token);
        Should.Throw<ShapeException>(() => replay.At(0, [delta, new RankOneDelta(delta.R, Float32Vector.Empty)], Token));
        Should.Throw<ShapeException>(() => replay.At(0, [new RankOneDelta(Float32Vector.Empty, delta.U)], Token));
        replay.At(0, [delta, edits[1].Delta], Token).M0.ShouldBe(Rederive.Output(edits[0].Keys.BaseOutKO, edits[0].Keys.KO, [delta, edits[1].Delta]));
    }
}
