using Ledger.Domain.Editing;
using Ledger.Domain.Validation;

namespace Ledger.Domain.Tests.Validation;

public sealed class OpenLedgerValidatorTests
{
    [Theory]
    [InlineData("a..b")]
    [InlineData("a.")]
    [InlineData(".a")]
    [InlineData("a/b")]
    [InlineData("")]
    public void A_ledger_whose_file_would_be_hidden_elsewhere_or_taken_for_another_is_refused(string name) =>
        new OpenLedgerValidator().Validate(Open(name)).Errors.ShouldHaveSingleItem().CustomState.ShouldBeOfType<string>().ShouldContain("single dots");

    [Theory]
    [InlineData("facts")]
    [InlineData("2026.11-facts_b")]
    public void A_ledger_may_have_dots_and_digits_in_its_name(string name) => new OpenLedgerValidator().Validate(Open(name)).IsValid.ShouldBeTrue();

    private static OpenLedger Open(string name) => new(name, "model", 1, 0, Hyperparameters.Published, "ana");
}
