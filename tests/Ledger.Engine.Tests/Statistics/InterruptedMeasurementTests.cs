using Ledger.Domain.Editing;
using Ledger.Domain.Ports;
using Ledger.Engine.Statistics;
using Ledger.Engine.Tests.Support;
using Ledger.TestKit;

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

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Killed_between_two_saves_it_goes_on_from_the_last(int windows)
    {
        var left = windows;
        var told = new Told<MeasureProgress>(_ =>
        {
            if (--left == 0) throw new KilledException();
        });
        var measurement = new KeyMeasurement(model.Model, model.Tokenizer, model.Matrix(1), default) { SaveEvery = TimeSpan.Zero };
        Should.Throw<KilledException>(() => measurement.Measure(folder.File("stats"), source, told, CancellationToken.None));
        told.Clear();
        left = int.MaxValue;
        measurement.Measure(folder.File("stats"), source, told, CancellationToken.None).ShouldBe(Measure("whole").Statistics);
        told.Count.ShouldBe(4 - (windows - 1));
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
    [InlineData("txt")]
    [InlineData("txt.gz")]
    [InlineData("jsonl")]
    [InlineData("jsonl.gz")]
    [InlineData("parquet")]
    public void Whatever_the_text_is_packed_in_it_gives_the_same_C_taken_up_or_not(string kind)
    {
        var (plain, reports) = Measure("plain");
        Directory.CreateDirectory(folder.File("corpus/deeper"));
        Pack("corpus/1", TinyText.Of(150));
        Pack("corpus/deeper/2", TinyText.Of(100, seed: 5));
        var packed = source with { Files = [folder.File("corpus")], Column = "body" };
        Interrupt(1, packed);
        Interrupt(2, packed);
        var (taken, rest) = Measure("stats", packed);
        rest.Count.ShouldBe(1);
        rest[0].Tokens.ShouldBe(reports[^1].Tokens);
        rest[0].BytesDone.ShouldBe(rest[0].BytesTotal);
        (taken.Digest, taken.Documents, taken.Tokens).ShouldBe((plain.Digest, plain.Documents, plain.Tokens));
        taken.ShouldBe(Measure("whole", packed).Statistics);
        taken.Files.ShouldBe([$"1.{kind}", $"deeper/2.{kind}"]);
        taken.Column.ShouldBe(kind.StartsWith("txt") ? null : "body");

        void Pack(string name, string text)
        {
            string[] lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            _ = kind switch
            {
                "txt" => folder.Write($"{name}.{kind}", text),
                "txt.gz" => folder.Write($"{name}.{kind}", Corpora.Gzip(text)),
                "jsonl" => folder.Write($"{name}.{kind}", Corpora.JsonLines(lines, "body")),
                "jsonl.gz" => folder.Write($"{name}.{kind}", Corpora.Gzip(Corpora.JsonLines(lines, "body"))),
                _ => ParquetFiles.Write(folder.File($"{name}.{kind}"), lines, "body"),
            };
        }
    }

    [Fact]
    public void Over_files_that_changed_meanwhile_it_starts_again_and_is_not_mixed()
    {
        Interrupt(2);
        var text = File.ReadAllText(source.Files[0]);
        File.WriteAllText(source.Files[0], "another " + text[8..]);
        var (changed, reports) = Measure("stats");
        reports.Count.ShouldBe(4);
        changed.ShouldBe(Measure("whole").Statistics);
    }

    [Fact]
    public void Files_that_change_while_it_runs_are_noticed_and_nothing_of_them_is_kept()
    {
        using var editor = model.Editor(1);
        var told = new Told<MeasureProgress>(_ => File.AppendAllText(source.Files[1], "more\n"));
        Should.Throw<CorpusException>(() => editor.Measure(new KeyStatisticsStore(folder.File("stats")), source, told, CancellationToken.None)).Message.ShouldContain("changed while it was measured");
        Directory.GetFiles(folder.File("stats")).ShouldBeEmpty();
    }

    [Fact]
    public void Of_very_many_files_the_first_names_are_kept()
    {
        Directory.CreateDirectory(folder.File("many"));
        for (var i = 0; i < 70; i++) folder.Write($"many/{i:00}.txt", "the man\n");
        var files = Measure("stats", source with { Files = [folder.File("many")] }).Statistics.Files;
        files.Length.ShouldBe(64);
        files[62..].ShouldBe(["62.txt", "… and 7 more"]);
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

    private Told<MeasureProgress> Interrupt(int windows, KeyStatisticsSource? other = null)
    {
        using var editor = model.Editor(1);
        using var cancel = new CancellationTokenSource();
        var left = windows;
        var told = new Told<MeasureProgress>(_ =>
        {
            if (--left == 0) cancel.Cancel();
        });
        Should.Throw<OperationCanceledException>(() => editor.Measure(new KeyStatisticsStore(folder.File("stats")), other ?? source, told, cancel.Token));
        return told;
    }

    private sealed class KilledException : Exception;

    private string? Partial() => Directory.GetFiles(folder.File("stats"), "*.partial.safetensors").SingleOrDefault();
}
