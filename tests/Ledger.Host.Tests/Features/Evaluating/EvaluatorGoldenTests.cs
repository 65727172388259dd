using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;
using Ledger.Engine;
using Ledger.Host.Features.Evaluating;
using Ledger.Projections.Evaluation;
using Ledger.Projections.Replay;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Features.Evaluating;

/// <summary>What the evaluator gives against the reference: golden/tiny/README.md, "Metrics"; golden/smollm2/README.md.</summary>
public sealed class EvaluatorGoldenTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Records_of_the_tiny_model_score_as_the_reference_before_and_after_their_edits()
    {
        using var golden = JsonDocument.Parse(File.ReadAllBytes(Shared.RequireGolden("tiny", "metrics", "counterfact.json")));
        var edits = GoldenTensors.Read(Shared.RequireGolden("tiny", "metrics", "edits.safetensors"));
        using var editor = Load(Shared.RequireGolden("tiny", "models", "gpt2"), 1);
        var evaluator = new Evaluator(editor);
        var records = golden.RootElement.GetProperty("records").EnumerateArray().ToArray();
        Fact[] facts = [.. records.Select((r, i) => Of($"{i + 1}", r.GetProperty("record")))];
        var differences = new Differences();

        var before = evaluator.Facts(facts, Token);
        before.Select(b => b.Name).ShouldBe(["1", "2", "3", "4", "5", "6"]);
        foreach (var (item, record) in before.Zip(records)) Compare(differences, item, record, "before");
        var after = facts.Select((fact, i) => With(editor, new RankOneDelta(edits.Vector($"record{i}.r"), edits.Vector($"record{i}.u")), () => evaluator.Facts([fact], Token)[0])).ToArray();
        foreach (var (item, record) in after.Zip(records)) Compare(differences, item, record, "after");
        differences.Print();

        foreach (var (when, items) in new[] { ("before", before.ToArray()), ("after", after) })
        {
            var aggregate = golden.RootElement.GetProperty("aggregate").GetProperty(when);
            foreach (var total in EvaluationTotals.Of(EvaluationTotals.CounterFact, items)) total.Value.ShouldBe(aggregate.GetProperty(total.Name).GetDouble(), 1e-7, $"{total.Name} {when}");
        }
    }

    /// <summary>The first edit of the sequential run.</summary>
    [Fact]
    public void A_record_of_a_real_model_scores_as_the_reference_after_its_edit()
    {
        string[][] rows = [.. File.ReadLines(Shared.RequireGolden("smollm2", "sequential.csv")).Select(l => l.Split(','))];
        var row = rows.Single(r => r[0] == "r-rome" && r[1] == "1");
        var edits = GoldenTensors.Read(Shared.RequireGolden("smollm2", "edits.safetensors"));
        using var data = JsonDocument.Parse(File.ReadAllBytes(Shared.RequireShared("data", "counterfact", "counterfact_full.json")));
        using var editor = Load(Unpacked(), 4);
        var evaluator = new Evaluator(editor);
        var item = With(editor, new RankOneDelta(edits.Vector("18.r-rome.r"), edits.Vector("18.r-rome.u")), () => evaluator.Facts([Of("18", data.RootElement[0])], Token)[0]);
        data.RootElement[0].GetProperty("case_id").GetInt32().ShouldBe(18);
        foreach (var name in new[] { "ES", "PS", "NS", "EM", "PM", "NM" })
            EvaluationTotals.Value(item, name).ShouldBe(100 * double.Parse(row[Array.IndexOf(rows[0], name)], CultureInfo.InvariantCulture), 0.2, name);
    }

    private static void Compare(Differences differences, EvaluatedItem item, JsonElement record, string when)
    {
        var expected = record.GetProperty("scores").GetProperty(when);
        var rewrite = expected.GetProperty("nll").GetProperty("rewrite")[0];
        differences.Relative("n(new)", EvaluationTotals.Value(item, EvaluationTotals.NNew), rewrite.GetProperty("target_new_f64").GetDouble(), 1e-4, when);
        differences.Relative("n(true)", EvaluationTotals.Value(item, EvaluationTotals.NTrue), rewrite.GetProperty("target_true_f64").GetDouble(), 1e-4, when);
        foreach (var name in new[] { "ES", "PS", "NS" }) differences.Relative(name, EvaluationTotals.Value(item, name), expected.GetProperty(name).GetDouble(), 1e-12, when);
        foreach (var name in new[] { "EM", "PM", "NM" }) differences.Relative(name, EvaluationTotals.Value(item, name), expected.GetProperty(name).GetDouble(), 2e-3, when);
    }

    private static Fact Of(string name, JsonElement record)
    {
        var rewrite = record.GetProperty("requested_rewrite");
        return new Fact(name, new EditRequest(
            rewrite.GetProperty("prompt").GetString()!, rewrite.GetProperty("subject").GetString()!, rewrite.GetProperty("target_new").GetProperty("str").GetString()!, rewrite.GetProperty("target_true").GetProperty("str").GetString()!,
            null, [.. Strings("paraphrase_prompts")], [.. Strings("neighborhood_prompts")]), []);

        IEnumerable<string> Strings(string field) => record.GetProperty(field).EnumerateArray().Select(p => p.GetString()!);
    }

    private static IModelEditor Load(string folder, int layer)
    {
        var library = new ModelLibrary("cpu");
        return library.Load(folder, library.Address(folder, layer), Token);
    }

    private static T With<T>(IModelEditor editor, RankOneDelta delta, Func<T> run)
    {
        var w = editor.BaseMatrix.ToArray();
        Fold.Apply(w, editor.Matrix.Dv, editor.Matrix.Dk, [delta], Token);
        editor.Install(w);
        var result = run();
        editor.Install(editor.BaseMatrix.Span);
        return result;
    }

    private static string Unpacked()
    {
        using var process = Process.Start(new ProcessStartInfo("bash", [Shared.RequireShared("models", "unpack")]) { RedirectStandardOutput = true })!;
        var folder = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        process.ExitCode.ShouldBe(0);
        return folder;
    }
}
