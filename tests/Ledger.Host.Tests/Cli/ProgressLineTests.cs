using System.Text;
using Ledger.Host.Cli;

namespace Ledger.Host.Tests.Cli;

public sealed class ProgressLineTests
{
    private readonly Clock time = new();
    private readonly StringBuilder error = new();
    private readonly ProgressLine line;

    public ProgressLineTests() => line = new ProgressLine(new Face(null!, new StringWriter(), new StringWriter(error), time, CancellationToken.None));

    [Fact]
    public void It_says_how_far_how_fast_and_how_long_still_a_line_a_minute_where_nobody_watches()
    {
        for (var done = 0; done <= 300; done++)
        {
            line.Show(done, 1000, $"{done} of 1000 edits", "edit");
            time.Advance(TimeSpan.FromSeconds(0.5));
        }
        error.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.TrimEnd()).ShouldBe(
            ["  12%  120 of 1000 edits, 60.0 s, 2.0 edits/s, 7 min left", "  24%  240 of 1000 edits, 2 min, 2.0 edits/s, 6 min left"]);
    }

    [Fact]
    public void What_was_there_before_counts_as_done_and_not_as_speed()
    {
        line.Show(0, 1000, "", "edit");
        time.Advance(TimeSpan.FromSeconds(1));
        line.Skip(900);
        time.Advance(TimeSpan.FromSeconds(80));
        line.Show(910, 1000, "910 of 1000 edits", "edit");
        error.ToString().ShouldContain("8.0 s an edit, 12 min left");
    }

    private sealed class Clock : TimeProvider
    {
        private long now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => now;

        public void Advance(TimeSpan by) => now += by.Ticks;
    }
}
