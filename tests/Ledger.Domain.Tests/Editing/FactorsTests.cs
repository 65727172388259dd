using CsCheck;
using Ledger.Domain.Editing;

namespace Ledger.Domain.Tests.Editing;

public sealed class FactorsTests
{
    private static readonly EditComputation X = new()
    {
        KBar = new([3, 0, 4]),
        KO = new([1, 2, 2]),
        UBar = new([0.6f, 0, 0.8f]),
        UO = new([0, 1, 0]),
        BaseOutKBar = new([0, 0]),
        BaseOutKO = new([0, 0]),
        OutKBar = new([2, -1]),
        M0 = new([1, 1]),
        VE = new([12, -9]),
        Loss = [],
        DeltaNorm = 14.8,
        M0Norm = 1.4,
    };

    [Fact]
    public void ROME_takes_its_direction_from_k_bar_and_solves_at_k_o()
    {
        var f = Factors.Of(Variant.Rome, X);
        (f.Delta.U, f.Out).ShouldBe((X.UBar, X.M0));
        f.KuU.ShouldBe(5, 1e-6);
        f.KvU.ShouldBe(2.2, 1e-6);
        f.Delta.R[0].ShouldBe(5, 1e-6);                 // (12 − 1) / 2.2
        f.Delta.R[1].ShouldBe(-10 / 2.2f, 1e-6);
    }

    [Fact]
    public void R_ROME_takes_k_bar_everywhere()
    {
        var f = Factors.Of(Variant.RRome, X);
        (f.Delta.U, f.Out).ShouldBe((X.UBar, X.OutKBar));
        f.KvU.ShouldBe(f.KuU);
        f.Delta.R[0].ShouldBe(2, 1e-6);                 // (12 − 2) / 5
        f.Delta.R[1].ShouldBe(-8 / 5f, 1e-6);
    }

    [Fact]
    public void P_ROME_takes_k_o_everywhere()
    {
        var f = Factors.Of(Variant.PRome, X);
        (f.Delta.U, f.Out, f.KuU, f.KvU).ShouldBe((X.UO, X.M0, 2, 2));
        f.Delta.R.ShouldBe(new Float32Vector([5.5f, -5]));
    }

    [Fact]
    public void The_size_of_an_edit_is_its_norm_over_the_number_of_weights()
    {
        var f = Factors.Of(Variant.PRome, X);
        f.FrobeniusNorm.ShouldBe(Math.Sqrt(5.5 * 5.5 + 25), 1e-12);
        f.AbsDelta.ShouldBe(f.FrobeniusNorm / 6, 1e-12);
    }

    [Fact]
    public void A_key_at_right_angles_to_its_direction_gives_factors_that_are_not_finite()
    {
        var f = Factors.Of(Variant.PRome, X with { KO = new([1, 0, 1]) });
        f.KvU.ShouldBe(0);
        f.Delta.IsFinite().ShouldBeFalse();
    }

    [Fact]
    public void Lengths_that_do_not_fit_are_named() =>
        Should.Throw<ShapeException>(() => Factors.Of(Variant.RRome, X with { OutKBar = new([1, 2, 3]) })).Expected.ShouldBe(2);

    [Fact]
    public void Under_every_variant_the_solved_key_gives_v_e()
    {
        var unit = Gen.Float[-4, 4];
        Gen.Select(unit.Array[5], unit.Array[5], unit.Array[5], unit.Array[5], unit.Array[4], unit.Array[4], unit.Array[4], (kBar, kO, uBar, uO, out1, m0, vE) => X with
        {
            KBar = new(kBar),
            KO = new(kO),
            UBar = new(uBar),
            UO = new(uO),
            OutKBar = new(out1),
            M0 = new(m0),
            VE = new(vE),
        }).Sample(x =>
        {
            foreach (var variant in VariantNames.All)
            {
                var f = Factors.Of(variant, x);
                if (Math.Abs(f.KvU) < 0.01) continue;
                for (var i = 0; i < f.Out.Length; i++)
                {
                    var solved = f.Out[i] + f.Delta.R[i] * f.KvU;
                    Math.Abs(solved - x.VE[i]).ShouldBeLessThanOrEqualTo(1e-7 * (Math.Abs(x.VE[i]) + Math.Abs(f.Out[i])) + float.Epsilon * Math.Abs(f.KvU));
                }
            }
        }, iter: 1000);
    }

    [Fact]
    public void Signals_hold_every_variant_on_the_same_delta()
    {
        var signals = Signals.Of(Variant.Rome, X, new TargetScore(9, 1), null);
        signals.Variants.Select(v => v.Variant).ShouldBe(VariantNames.All);
        foreach (var size in signals.Variants) size.ShouldBe(VariantSignals.Of(Factors.Of(size.Variant, X)));
        signals.Own.Variant.ShouldBe(Variant.Rome);
        signals.Smallest.ShouldBe(signals.Variants.OrderBy(v => v.AbsDelta).First());
        signals.CosKeys.ShouldBe(11 / 15d, 1e-12);
        signals.DeltaOverM0.ShouldBe(14.8 / 1.4, 1e-12);
    }
}
