using Ledger.Domain.Editing;
using Ledger.Domain.Ports;
using Ledger.Engine.Statistics;
using Ledger.Engine.Tests.Support;

namespace Ledger.Engine.Tests.Statistics;

/// <summary>A measurement reads 64 documents at a time; these have 250, so it reports four times.</summary>
public sealed class InterruptedMeasurementTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly TinyModel model = new(TinyModels.Gpt2);
    private readonly KeyStatisticsSource source;

    public InterruptedMeasurementTests() => source = new KeyStatisticsSource([folder.Write("1", TinyText.Of(150)), folder.Write("2", TinyText.Of(100, seed: 5))]);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Cancelled_and_taken_up_again_it_gives_what_an_uninterrupted_one_gives(int windows)
    {
        var (whole, reports) = Measure("whole");
        reports.Count.ShouldBe(4);
        var done = Interrupt(windows);
        done.ShouldBe([.. reports[..windows]]);
        var (taken, rest) = Measure("stats");
        taken.ShouldBe(whole);
        rest.ShouldBe([.. reports[windows..]]);                // nothing was read twice
        reports[^1].BytesDone.ShouldBe(reports[^1].BytesTotal);
        Partial().ShouldBeNull();
    }

    [Fact]
    public void It_can_be_interrupted_again_and_again()
    {
        Interrupt(1).Count.ShouldBe(1);
        Interrupt(1).Count.ShouldBe(1);
        Interrupt(1).Count.ShouldBe(1);
        Measure("stats").Statistics.ShouldBe(Measure("whole").Statistics);
    }

    [Theory]
    [InlineData("cut short")]
    [InlineData("empty")]
    [InlineData("one bit changed")]
    [InlineData("a place changed")]
    [InlineData("another file")]
    public void A_partial_result_that_is_not_whole_is_measured_again_from_the_start(string how)
    {
        Interrupt(2);
        var path = Partial().ShouldNotBeNull();
        var bytes = File.ReadAllBytes(path);
        switch (how)
        {
            case "cut short": File.WriteAllBytes(path, bytes[..^100]); break;
            case "empty": File.WriteAllBytes(path, []); break;
            case "one bit changed":
                bytes[^1] ^= 1;
                File.WriteAllBytes(path, bytes);
                break;
            case "a place changed":
                // The digits of its numbers stand in the header as text.
                var at = bytes.AsSpan().IndexOf("\"documents\":\""u8) + "\"documents\":\"".Length;
                bytes[at] = (byte)(bytes[at] == '9' ? '8' : bytes[at] + 1);
                File.WriteAllBytes(path, bytes);
                break;
            case "another file": TinyModels.Write(path, [("other", [1], [1])]); break;
        }
        var (again, reports) = Measure("stats");
        reports.Count.ShouldBe(4);
        again.ShouldBe(Measure("whole").Statistics);
    }

    [Fact]
    public void Other_texts_another_context_or_another_model_do_not_take_it_up()
    {
        Interrupt(2);
        Measure("stats", source with { Context = 20 }).Reports.Count.ShouldBe(4);
        Measure("stats", source with { Files = [.. source.Files.Reverse()] }).Reports.Count.ShouldBe(4);
        Measure("stats", source with { MaxTokens = 1_000_000 }).Reports.Count.ShouldBe(4);
        var config = Path.Combine(model.Folder, "config.json");
        var time = File.GetLastWriteTimeUtc(config);
        File.SetLastWriteTimeUtc(config, time.AddSeconds(-5));
        Measure("stats").Reports.Count.ShouldBe(4);
        File.SetLastWriteTimeUtc(config, time);
        Measure("stats").Reports.Count.ShouldBe(2);
    }

    public void Dispose()
    {
        model.Dispose();
        folder.Dispose();
    }

    private (KeyStatistics Statistics, Told<MeasureProgress> Reports) Measure(string into, KeyStatisticsSource? other = null)
    {
        using var editor = model.Editor(1);
        var told = new Told<MeasureProgress>();
        return (editor.Measure(new KeyStatisticsStore(folder.File(into)), other ?? source, told, CancellationToken.None), told);
    }

    private Told<MeasureProgress> Interrupt(int windows)
    {
        using var editor = model.Editor(1);
        using var cancel = new CancellationTokenSource();
        var left = windows;
        var told = new Told<MeasureProgress>(_ =>
        {
            if (--left == 0) cancel.Cancel();
        });
        Should.Throw<OperationCanceledException>(() => editor.Measure(new KeyStatisticsStore(folder.File("stats")), source, told, cancel.Token));
        return told;
    }

    private string? Partial() => Directory.GetFiles(folder.File("stats"), "*.partial.safetensors").SingleOrDefault();
}
