using Ledger.Domain.Editing;

namespace Ledger.Domain.Tests.Editing;

public sealed class VariantNamesTests
{
    [Fact]
    public void Every_variant_has_a_name_that_leads_back_to_it()
    {
        VariantNames.All.ShouldBe(Enum.GetValues<Variant>());
        VariantNames.All.Select(v => v.Name()).ShouldBe(["rome", "r-rome", "p-rome"]);
        foreach (var variant in VariantNames.All)
        {
            VariantNames.TryParse(variant.Name().ToUpperInvariant(), out var back).ShouldBeTrue();
            back.ShouldBe(variant);
        }
        VariantNames.TryParse("memit", out _).ShouldBeFalse();
        VariantNames.TryParse(null, out _).ShouldBeFalse();
    }
}
