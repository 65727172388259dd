using Ledger.Domain;
using Ledger.Host.Features.Evaluating;
using Ledger.Host.Tests.Cli;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Features.Evaluating;

/// <summary>Files to evaluate with, good and bad.</summary>
public sealed class EvaluationDataTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("ledger-data-").FullName;

    [Theory]
    [InlineData("""[{"requested_rewrite":{"prompt":"{} lives in","subject":"Ada","target_new":{"str":"Rome"}}}]""", "record 1 (line 1): requested_rewrite.target_true is missing", "{\"str\": \"…\"}")]
    [InlineData("""[GOOD,{"requested_rewrite":{"prompt":"{} lives in","subject":"Ada","target_new":{"str":"Rome"},"target_true":{"str":" Rome "}}}]""", "record 2 (line 1): requested_rewrite.target_true is the new target too: \"Rome\"", "two different targets")]
    [InlineData("""[GOOD,GOOD,{"requested_rewrite":{"prompt":"{} lives in","target_new":{"str":"Rome"},"target_true":{"str":"Paris"}}}]""", "record 3 (line 1): requested_rewrite.subject is missing", "as a string")]
    [InlineData("""[{"requested_rewrite":{"prompt":"Ada lives in","subject":"Ada","target_new":{"str":"Rome"},"target_true":{"str":"Paris"}}}]""", "the prompt has no {}", "{} lives in")]
    [InlineData("""[{"requested_rewrite":{"prompt":"{} lives in","subject":"Ada","target_new":{"str":"Rome"},"target_true":{"str":"Paris"}},"paraphrase_prompts":"x","neighborhood_prompts":["y",""]}]""", "neighborhood_prompts holds an empty prompt", "leave it out")]
    [InlineData("""[{"requested_rewrite":{"prompt":"{} lives in","subject":"Ada","target_new":{"str":"Rome"},"target_true":{"str":"Paris"}},"generation_prompts":[1]}]""", "generation_prompts is not an array of strings", "write generation_prompts")]
    [InlineData("""[{"requested_rewrite":{"prompt":"{} lives in","subject":"Ada","target_new":{"str":"Rome"},"target_true":{"str":"Paris"}},"neighbourhood_prompts":["x"]}]""", "no field \"neighbourhood_prompts\"", "write it as neighborhood_prompts")]
    [InlineData("""[{"requested_rewrite":{"prompt":"{} lives in","subject":"Ada","target_new":{"str":"Rome"},"target_true":{"str":"Paris"}},"paraphrasePrompt":"x"}]""", "no field \"paraphrasePrompt\"", "write it as paraphrase_prompts")]
    [InlineData("""{"prompt":"{} lives in","subject":"Ada","target":"Rome","truth":"Paris"}""", "no field \"truth\"", "target_true")]
    [InlineData("""[{"subject":"Cleo","src":"Where does Cleo live?","alt":"Rome","answers":["Paris"]}]""", "zsRE's neighbours have answers of their own", "CounterFact's form")]
    [InlineData("[]", "holds no records", "name a file")]
    public void Records_that_cannot_be_scored_are_refused_with_their_number_and_field(string text, string says, string remedy)
    {
        var path = Write("facts.json", text.Replace("GOOD", MainJobTests.Fact("Bob", "Rome"), StringComparison.Ordinal));
        var fault = Should.Throw<LedgerException>(() => FactFile.Read(path, null, null));
        fault.Kind.ShouldBe(FailureKind.BadInput);
        fault.Message.ShouldStartWith("facts.json");
        fault.Message.ShouldContain(says);
        fault.Remedy.ShouldNotBeNull().ShouldContain(remedy);
        fault.Remedy.ShouldNotContain("--skip-bad");
    }

    [Theory]
    [InlineData("sst2.jsonl", """{"sentence":"fine"}""", "sst2.jsonl, record 1: label is neither 0 nor 1")]
    [InlineData("sst2.jsonl", """{"sentence":"fine","label":2}""", "record 1: label is neither 0 nor 1")]
    [InlineData("rte.jsonl", """{"sentence":"fine","label":1}""", "record 1: sentence1 is missing or no text")]
    [InlineData("mrpc.jsonl", "{", "record 1: not JSON")]
    [InlineData("cola.jsonl", "", "the file holds no item")]
    [InlineData("other.jsonl", "{}", "no task is called so")]
    public void Items_that_are_not_a_tasks_are_refused_with_their_number_and_field(string file, string text, string says)
    {
        var path = Write(file, text);
        Should.Throw<EvaluationDataException>(() => DownstreamFile.Read(path)).Message.ShouldContain(says);
    }

    [Fact]
    public void A_record_brings_its_generation_prompts_or_is_generated_after_ten_times()
    {
        const string record = """{"requested_rewrite":{"prompt":"{} lives in","subject":"Ada","target_new":{"str":"Rome"},"target_true":{"str":"Paris"}}""";
        var facts = FactFile.Read(Write("facts.json", $"[{record},\"generation_prompts\":[\"Ada is\",\"Ada was\"]}}, {record}}}]"), null, null).Facts;
        facts[0].GenerationPrompts.ShouldBe(["Ada is", "Ada was"]);
        facts[1].GenerationPrompts.ShouldBe(Enumerable.Repeat("Ada lives in", 10));
        facts.Select(f => f.Name).ShouldBe(["1", "2"]);
        FactFile.Read(Path.Combine(folder, "facts.json"), null, 1).Facts.Length.ShouldBe(1);
    }

    [Fact]
    public void Texts_stand_one_a_line_or_in_a_json_array()
    {
        TextFile.Read(Write("lines.txt", "one text\r\n\n two\n")).Texts.ShouldBe(["one text", " two"]);
        TextFile.Read(Write("array.json", """["one text", {"Corpus":"x","Text":" two"}, {"text":"three"}]""")).Texts.ShouldBe(["one text", " two", "three"]);
        TextFile.Read(Write("lines.jsonl", "{\"text\":\"one text\"}\n\n{\"Text\":\" two\"}\n")).Texts.ShouldBe(["one text", " two"]);
        TextFile.Read(Write("markup.txt", "[Verse]\n{{no json}}\n")).Texts.ShouldBe(["[Verse]", "{{no json}}"]);
        TextFile.Read(Write("mark.json", "\uFEFF[\"one text\"]")).Texts.ShouldBe(["one text"]);
        Should.Throw<EvaluationDataException>(() => DownstreamFile.Read(Write("sst2.jsonl", """{"sentence":"a \ud800","label":1}"""))).Message.ShouldContain("not Unicode");
        foreach (var (text, says) in new[] { ("[\"a \\udc00\"]", "record 1: the record holds text that is not Unicode"), ("\n \n", "holds no text"), ("[]", "holds no text"), ("[1]", "record 1: text is missing"), ("{\"text\":\"a\"}\nb", "record 2: not JSON"), ("{\"text\":\"a\"}\n{}", "record 2: text is missing"), ("[\"x\"", "not JSON") })
            Should.Throw<EvaluationDataException>(() => TextFile.Read(Write("bad", text))).Message.ShouldContain(says);
    }

    /// <summary>The files that the paper's figures are made with.</summary>
    [Fact]
    public void The_published_data_is_read_whole()
    {
        TextFile.Read(Shared.RequireShared("data", "text", "me_ppl_50.json")).Texts.Length.ShouldBe(50);
        var tasks = DownstreamFile.Find(Shared.RequireShared("data", "glue")).Select(DownstreamFile.Read).ToArray();
        tasks.Select(t => (t.Task.Name, t.Items.Count(i => i.Label == 0), t.Items.Count(i => i.Label == 1))).ShouldBe([("sst2", 100, 100), ("mrpc", 100, 100), ("cola", 100, 100), ("rte", 100, 100)]);
        var facts = FactFile.Read(Shared.RequireShared("data", "counterfact", "counterfact_full.json"), null, null).Facts;
        facts.Length.ShouldBe(260);
        facts.ShouldAllBe(f => f.GenerationPrompts.Length == 10 && f.Request.Paraphrases.Length == 2);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string Write(string name, string content)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllText(path, content);
        return path;
    }
}
