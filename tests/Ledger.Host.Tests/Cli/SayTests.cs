using Ledger.Host.Cli;

namespace Ledger.Host.Tests.Cli;

public sealed class SayTests
{
    [Theory]
    [InlineData("The capital of {} is", "The capital of {} is")]
    [InlineData("one\ntwo\u2028three", "one⏎two⏎three")]
    [InlineData("\u001b[2Jgone\r", "·[2Jgone·")]
    [InlineData("a\u202Edeppilf\u202C \u2066b\u2069 \u200Fc", "a·deppilf· ·b· ·c")]
    [InlineData("שלום, 東京 é 👩‍🔬", "שלום, 東京 é 👩‍🔬")]
    public void A_text_takes_one_line_and_orders_a_terminal_nothing(string text, string said) => Say.OneLine(text).ShouldBe(said);
}
