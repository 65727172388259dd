using System.Diagnostics;
using System.Text;
using Ledger.Domain.Editing;
using Ledger.Host.Features.Bulk;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Features.Bulk;

/// <summary>What each form's fields become, where each record stands, and what a file that is none of them is told.</summary>
public sealed class BulkFileTests : IDisposable
{
    private const string CounterFact = """{"case_id":1,"requested_rewrite":{"prompt":"{} lives in","subject":"Ada","relation_id":"P1","target_new":{"str":"Rome"},"target_true":{"str":"Paris"}},"paraphrase_prompts":["Ada is in"],"neighborhood_prompts":["Bob lives in","Cleo lives in"]}""";
    private const string Plain = """{"id":7,"prompt":"{} lives in","subject":"Ada","target":"Rome","target_true":"Paris","relation":"P1","paraphrases":["Ada is in"],"neighbours":["Bob lives in","Cleo lives in"],"reason":"she moved","source":"T-1"}""";
    private const string Csv = "prompt,subject,target,target_true,relation,paraphrases,neighbours,reason,source\n{} lives in,Ada,Rome,Paris,P1,Ada is in,\"Bob lives in\nCleo lives in\",she moved,T-1\n";
    private static readonly EditRequest Ada = new("{} lives in", "Ada", "Rome", "Paris", "P1", ["Ada is in"], ["Bob lives in", "Cleo lives in"]);

    private readonly string folder = Directory.CreateTempSubdirectory("ledger-bulk-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    public static TheoryData<string, string, BulkFormat, bool> Forms => new()
    {
        { "facts.jsonl", CounterFact, BulkFormat.CounterFact, false },
        { "facts.json", $"[{CounterFact}]", BulkFormat.CounterFact, false },
        { "facts.jsonl", Plain, BulkFormat.Plain, true },
        { "facts.json", $"\uFEFF [ {Plain} ] ", BulkFormat.Plain, true },
        { "anything", Plain.Replace("target\"", "target_new\"").Replace("neighbours", "neighbors"), BulkFormat.Plain, true },
        { "facts.csv", Csv, BulkFormat.Csv, true },
        { "anything", $"\uFEFF{Csv.Replace(',', ';').Replace("\n{", "\r\n{")}", BulkFormat.Csv, true },
        { "facts.tsv", Csv.Replace(',', '\t').Replace("target\t", "target_new\t"), BulkFormat.Csv, true },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void A_record_of_every_form_is_recognised_and_read_whole(string name, string content, BulkFormat format, bool hasReason)
    {
        using var file = BulkFile.Open(Write(name, content), null);
        file.Format.ShouldBe(format);
        var edit = file.Records().ShouldHaveSingleItem().Edit!;
        edit.Request.ShouldBe(Ada);
        (edit.Reason, edit.Source).ShouldBe(hasReason ? ("she moved", "T-1") : (null, null));
    }

    [Fact]
    public void A_zsRE_question_becomes_a_prompt_and_its_new_answer_the_target()
    {
        using var file = BulkFile.Open(Write("facts.json", """[{"subject":"Ada","src":"Where does Ada live?","pred":"x","rephrase":"Ada lives where?","alt":"Rome","answers":["Paris","Lyon"],"loc":"nq question: who","loc_ans":"y","cond":"z"}]"""), null);
        file.Format.ShouldBe(BulkFormat.ZsRe);
        file.Records().ShouldHaveSingleItem().Edit!.Request.ShouldBe(new EditRequest("Where does {} live?", "Ada", "Rome", "Paris", null, ["Ada lives where?"], ["nq question: who"]));
    }

    [Fact]
    public void The_zsRE_file_that_is_passed_around_is_read_to_its_end()
    {
        using var file = BulkFile.Open(Shared.RequireShared("data", "zsre", "zsre_eval_1037.json"), null);
        file.Format.ShouldBe(BulkFormat.ZsRe);
        var records = file.Records().ToList();
        records.Count.ShouldBe(1037);
        records.ShouldAllBe(r => r.Edit != null);
        records[1].Edit!.Request.Text.ShouldBe("Which family does Ramalinaceae belong to?");
    }

    /// <summary>Places are in the event ids of runs that were begun before: they stay what they were.</summary>
    [Fact]
    public void A_record_stands_where_it_has_always_stood()
    {
        Places("facts.json", $"\uFEFF [{CounterFact},\n  {CounterFact}, {CounterFact}\n]").ShouldBe([(1, 6), (2, 3), (2, 3 + CounterFact.Length + 2)]);
        Places("facts.jsonl", $"\uFEFF{CounterFact}\r\n\n  {CounterFact}\n").ShouldBe([(1, 1), (3, 1)]);
        Places("facts.csv", "prompt,subject,target\n\n\"{}\n is\",Ada,so\n{} is,Bob,so").ShouldBe([(3, 1), (5, 1)]);
    }

    [Fact]
    public void Records_larger_than_what_is_read_at_once_are_cut_at_the_same_places()
    {
        var random = new Random(20261126);
        foreach (var array in new[] { true, false })
        {
            var text = new StringBuilder(array ? "[" : "");
            var expected = new List<(long, long)>();
            var subjects = new List<string>();
            for (var i = 0; i < 60; i++)
            {
                if (i > 0) text.Append(array ? "," : "\n");
                if (array) text.Append(new string([.. Enumerable.Range(0, random.Next(40)).Select(_ => " \n\t"[random.Next(3)])]));
                var before = text.ToString();
                expected.Add((1 + before.Count(c => c == '\n'), array ? before.Length - (before.LastIndexOf('\n') + 1) + 1 : 1));
                subjects.Add(new string((char)('a' + i % 26), random.Next(1, i % 7 == 0 ? 200_000 : 3_000)));
                text.Append($$"""{"prompt":"{} is","subject":"{{subjects[^1]}}","target":"so"}""");
            }
            if (array) text.Append(" ]\n");
            using var file = BulkFile.Open(Write("large.json", text.ToString()), null);
            var records = file.Records().ToList();
            records.Select(r => (r.Line, r.Column)).ShouldBe(expected);
            records.Select(r => r.Edit!.Request.Subject).ShouldBe(subjects);
        }
    }

    public static TheoryData<string, string, string> Refused => new()
    {
        { "facts.txt", "Ada lives in Rome\n", "facts.txt, line 1: the form is not recognised" },
        { "facts.json", "", "the file is empty" },
        { "facts.csv", " \n", "the file is empty" },
        { "facts.json", " [ ] ", "the file holds no records" },
        { "facts.jsonl", "\n{\"who\":\"Ada\"}", "line 2: the form is not recognised" },
        { "facts.json", """[{"requested_rewrite":{},"prompt":"{} is","target":"so"}]""", "the record may be counterfact or plain" },
        { "facts.json", "{\"prompt\": nonsense}", "line 1, column 13: not JSON" },
        { "facts.csv", "subject,target\nAda,Rome\n", "facts.csv, line 1: the header names no columns" },
        { "facts.csv", "prompt,subject,target,neigbours\n{} is,Ada,so,x\n", "there is no column \"neigbours\"" },
        { "facts.csv", "prompt,subject,target,Subject\n{} is,Ada,so,x\n", "two columns are called \"subject\"" },
        { "facts.csv", "prompt,subject,target\n{} is,Ada,so\n{} is,Bob,\"so\n{} is,Cleo,so\n", "facts.csv, line 3: a quote is opened and never closed" },
        { "facts.json", $"[{Plain}", "the array does not end" },
        { "facts.json", $"[{Plain}, {{", "line 1" },
    };

    /// <summary>Leaving bad records out does not help: what is wrong hides the ones after it.</summary>
    [Theory]
    [MemberData(nameof(Refused))]
    public void A_file_that_cannot_be_read_to_its_end_is_refused_with_the_place(string name, string content, string says)
    {
        var fault = Should.Throw<BulkFileException>(() =>
        {
            using var file = BulkFile.Open(Write(name, content), null);
            file.Records().Count();
        });
        fault.Message.ShouldContain(says);
        fault.Remedy.ShouldNotBeNullOrEmpty();
    }

    public static TheoryData<BulkFormat, string, string> Bad => new()
    {
        { BulkFormat.Plain, """{"prompt":"{} is","subject":"Ada","target":"so","neigbours":[]}""", "line 1, column 1: a plain record has no field \"neigbours\"" },
        { BulkFormat.Plain, """{"prompt":"{} is","subject":"Ada","target":"so","target_new":"so"}""", "target and target_new are the same field" },
        { BulkFormat.Plain, """{"prompt":"{} is","subject":"Ada"}""", "target is missing" },
        { BulkFormat.Plain, """{"prompt":"{} is","subject":["Ada"],"target":"so"}""", "subject is not a string" },
        { BulkFormat.Plain, """{"prompt":"{} is","subject":"Ada","target":"so","neighbours":[1]}""", "neighbours is not an array of strings" },
        { BulkFormat.Plain, """{"prompt":"{} is","subject":"Ada","target":"so","target":"no"}""", "line 1, column" },
        { BulkFormat.Plain, "\"Ada\"", "the record is not an object" },
        { BulkFormat.CounterFact, """{"requested_rewrite":{"prompt":"{} is","subject":"Ada"}}""", "requested_rewrite.target_new is missing" },
        { BulkFormat.CounterFact, """{"requested_rewrite":{"prompt":"{} is","subject":"Ada","target_new":{"id":"Q1"}}}""", "requested_rewrite.target_new.str is missing" },
        { BulkFormat.ZsRe, """{"subject":"Ada","src":"Where does Bob live?","alt":"Rome"}""", "the question does not contain its subject" },
        { BulkFormat.ZsRe, """{"subject":"Ada","src":"Where does Ada live?"}""", "alt is missing" },
        { BulkFormat.Csv, "{} is,Ada", "line 2: 2 cells under 3 columns" },
        { BulkFormat.Csv, "{} is,,so", "line 2: the subject is empty" },
        { BulkFormat.Csv, "{} is,A\"da,so", "line 2: a quote stands inside a cell that is not quoted" },
        { BulkFormat.Csv, "\"{}\" is,Ada,so", "line 2: text stands behind a closing quote" },
        { BulkFormat.Csv, "{} is,Ad\u00ffa,so", "line 2: the record holds text that is not Unicode" },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public void A_bad_record_says_what_is_wrong_and_the_next_one_is_read(BulkFormat format, string bad, string says)
    {
        var good = format switch
        {
            BulkFormat.CounterFact => CounterFact,
            BulkFormat.ZsRe => """{"subject":"Ada","src":"Where does Ada live?","alt":"Rome"}""",
            BulkFormat.Csv => "{} lives in,Ada,Rome",
            _ => Plain,
        };
        // ÿ stands for a byte that begins no character.
        var bytes = Encoding.UTF8.GetBytes($"{(format == BulkFormat.Csv ? "prompt,subject,target\n" : "")}{bad}\n{good}\n").AsSpan();
        var path = Path.Combine(folder, "facts");
        File.WriteAllBytes(path, bytes.IndexOf("ÿ"u8) is >= 0 and var at ? [.. bytes[..at], 0xff, .. bytes[(at + 2)..]] : bytes);

        using var file = BulkFile.Open(path, format);
        var records = file.Records().ToList();
        records.Count.ShouldBe(2);
        records[0].Edit.ShouldBeNull();
        records[0].Fault!.Message.ShouldContain(says);
        records[0].Fault!.Remedy!.ShouldContain("--skip-bad");
        records[1].Edit!.Request.Target.ShouldBe("Rome");
    }

    [Fact]
    public void A_file_that_changes_under_a_run_is_noticed()
    {
        var path = Write("facts.jsonl", Plain);
        using var file = BulkFile.Open(path, null);
        file.RequireUnchanged();
        File.AppendAllText(path, $"\n{Plain}");
        Should.Throw<BulkFileException>(file.RequireUnchanged).Message.ShouldContain("changed");
    }

    [Fact]
    public async Task A_pipe_is_a_file_too()
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("pipes with names are not everywhere");
        var path = Path.Combine(folder, "pipe");
        using (var made = Process.Start("mkfifo", path)) await made.WaitForExitAsync(TestContext.Current.CancellationToken);
        var writing = Task.Run(() => File.WriteAllText(path, $"{Plain}\n{Plain}\n"), TestContext.Current.CancellationToken);
        using var file = BulkFile.Open(path, null);
        await writing;
        file.Records().Count().ShouldBe(2);
        file.Records().Count().ShouldBe(2);
        file.RequireUnchanged();
    }

    [Fact]
    public void The_documents_examples_are_what_they_are_said_to_be()
    {
        var blocks = File.ReadAllText(Path.Combine(Shared.Checkout, "docs", "how-to", "bulk-edits.md")).Split("```").Where((_, i) => i % 2 == 1).Select(b => b.TrimStart()).ToArray();
        foreach (var (start, format, count) in new[] { ('{', BulkFormat.Plain, 2), ('p', BulkFormat.Csv, 1) })
        {
            using var file = BulkFile.Open(Write("example", blocks.Single(b => b[0] == start)), null);
            file.Format.ShouldBe(format);
            file.Records().Select(r => r.Fault?.Message).ShouldBe(new string?[count]);
        }
    }

    private (long, long)[] Places(string name, string content)
    {
        using var file = BulkFile.Open(Write(name, content), null);
        return [.. file.Records().Select(r => (r.Line, r.Column))];
    }

    private string Write(string name, string content)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllText(path, content);
        return path;
    }
}
