using Ledger.Host.Cli;

namespace Ledger.Host.Tests.Cli;

public sealed class PrinterTests
{
    private static readonly string[] Headers = ["rev", "edit", "fact"];
    private static readonly string[][] Rows = [["1", "k7f3q2xd", new string('x', 100)], ["2", "9mt4h0ra", "short"]];

    [Fact]
    public void In_a_narrow_terminal_only_the_flexible_column_gives_way()
    {
        var lines = Print(terminal: 60);
        lines[1].ShouldStartWith("1    k7f3q2xd  xxxx");
        lines[1].ShouldEndWith("x…");
        lines[1].Length.ShouldBeLessThanOrEqualTo(60);
        lines[2].ShouldBe("2    9mt4h0ra  short");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    public void In_one_too_narrow_for_the_rest_nothing_else_is_cut(int terminal) => Print(terminal)[1].ShouldStartWith("1    k7f3q2xd  xxxxxxxxxxxxxxxxxxxxxxx…");

    [Fact]
    public void A_pipe_gets_everything_on_one_line_each()
    {
        var lines = Print(terminal: null);
        lines.Length.ShouldBe(3);
        lines[1].ShouldBe("1    k7f3q2xd  " + new string('x', 100));
    }

    private static string[] Print(int? terminal)
    {
        var output = new StringWriter();
        new Printer(output, json: false, terminal).Table(Headers, Rows, flexible: 2);
        return output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
