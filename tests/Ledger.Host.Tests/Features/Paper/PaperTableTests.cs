using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Gate;
using Ledger.Host.Features.Paper;

namespace Ledger.Host.Tests.Features.Paper;

public sealed class PaperTableTests
{
    [Fact]
    public void A_table_stands_as_the_papers_and_a_dash_for_what_there_is_nothing_to_score_with()
    {
        var table = new PaperTable("two records", [PaperRow.Of("facts.json", "(base)", [new(100, 1.25, double.NaN, double.NaN, 50, -3)]), new("CF", "p-ROME", new(99.9, 99.36, 97.04, 63.01, 80, 5.74), 91.42, 5000)]);
        string.Join('\n', table.Lines()).ShouldBe("""
            two records
                                        Efficacy          Generalization    Locality          Score
            DATASET     IMPLEMENTATION  ES↑      EM↑      PS↑      PM↑      NS↑      NM↑      S↑
            facts.json  (base)          100.00   1.25     –        –        50.00    -3.00    –
            CF          p-ROME          99.90    99.36    97.04    63.01    80.00    5.74     91.42
            """.ReplaceLineEndings("\n"));
    }

    /// <summary>A slip of the pen would show: S is the harmonic mean of ES, PS and NS there, too, but for their rounding.</summary>
    [Fact]
    public void The_papers_figures_are_those_it_prints()
    {
        PaperTable[] tables = [.. PublishedFigures.Independent, PublishedFigures.Sequential];
        foreach (var row in tables.SelectMany(t => t.Rows)) row.Scores.S.ShouldBe(row.S, 0.03, $"{row.Implementation} of {row.S}");
        tables.SelectMany(t => t.Rows).Select(r => r.Implementation).Distinct().ShouldBe(["ORIGINAL", "r-ROME", "p-ROME"]);
    }

    /// <summary>A run that a stream rule ended must not look finished: in words, on the page, and so by exit code.</summary>
    [Fact]
    public async Task A_run_that_ended_early_says_so()
    {
        var edit = new SequentialEdit("paper-gated-rome", Variant.Rome, 1, 1, "x", "Ada", " Rome", Outcome.Applied, 1e-5, 0.5, 1e-5, 100, 90, 100, 80, 100, 70);
        var run = new SequentialRun("paper-gated-rome", Variant.Rome, 2, true, 1, StateId.Of(Digest.Of([]), []), 1, [edit], [], [], ["guarded@1"], null);
        run.Collapsed.ShouldBe("paper-gated-rome ended after 1 of 2 edits: a stream rule is exceeded, and nothing that it may withhold helps");
        (run with { IsOver = false }).Collapsed.ShouldBeNull();

        var folder = Directory.CreateTempSubdirectory("ledger-tests-");
        try
        {
            await PaperReport.WriteAsync(folder.FullName, new PaperResults("mine", "tiny", [], "facts.json", null, null, null, [], [run]), TestContext.Current.CancellationToken);
            (await File.ReadAllTextAsync(Path.Combine(folder.FullName, PaperReport.Page), TestContext.Current.CancellationToken)).ShouldContain($"{run.Collapsed}.");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_row_of_records_has_the_mean_of_each_score_and_the_harmonic_mean_of_three() =>
        PaperRow.Of("x", "r-ROME", [new(100, 0, 50, 0, 100, 0), new(0, 0, 100, 0, 50, 0)]).S.ShouldBe(3 / (1 / 50.0 + 1 / 75.0 + 1 / 75.0), 1e-12);
}
