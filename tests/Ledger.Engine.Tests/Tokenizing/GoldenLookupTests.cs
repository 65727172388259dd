using System.Text.Json;
using Ledger.Engine.Tokenizing;

namespace Ledger.Engine.Tests.Tokenizing;

public sealed class GoldenLookupTests
{
    public static TheoryData<string> Names => ["gpt2", "tiny", "smollm2"];

    [Theory, MemberData(nameof(Names))]
    public void Subjects_end_at_the_golden_index(string name)
    {
        var tokenizer = GoldenTokenizers.Load(name);
        int found = 0, refused = 0, trimmed = 0;
        foreach (var row in GoldenTokenizers.Rows("lookup", $"{name}.jsonl"))
        {
            var (template, prompt, subject) = (row.Text("template"), row.Text("prompt"), row.Text("subject"));
            tokenizer.Encode(row.Text("text")).ShouldBe(row.Ids("ids"));
            var formula = row.GetProperty("formula_index");
            if (formula.ValueKind == JsonValueKind.Null)
            {
                Should.Throw<LookupException>(() => LookupToken.Index(tokenizer, template, prompt, subject)).Message.ShouldContain("no space");
                refused++;
                continue;
            }
            LookupToken.IndexAsGiven(tokenizer, template, prompt, subject).ShouldBe(formula.GetInt32(), row.Text("text"));
            found++;
            // An edit trims its subject before anything else, and then the formula finds the subject's last token.
            var text = template.Replace("{}", prompt).Replace("{}", subject.Trim());
            var index = LookupToken.Index(tokenizer, template, prompt, subject);
            if (subject == subject.Trim()) index.ShouldBe(row.GetProperty("last_subject_token").GetInt32());
            else trimmed++;
            tokenizer.Decode(tokenizer.Encode(text).Take(index + 1)).ShouldStartWith(text[..EndOfSubject(template, prompt, subject)]);
        }
        TestContext.Current.TestOutputHelper!.WriteLine($"{name}: {found} indices exact, {refused} refused, {trimmed} with a subject that was trimmed");
        found.ShouldBeGreaterThan(0);
    }

    [Theory, MemberData(nameof(Names))]
    public void Targets_and_rows_have_the_golden_ids(string name)
    {
        var tokenizer = GoldenTokenizers.Load(name);
        int rows = 0, otherwise = 0;
        foreach (var row in GoldenTokenizers.Rows("lookup", $"targets_{name}.jsonl"))
        {
            var target = TargetRows.Target(tokenizer, row.Text("target"));
            target.ShouldBe(row.Ids("target_ids"));
            TargetRows.Row(tokenizer.Encode(row.Text("prompt")), target).ShouldBe(row.Ids("row_ids"));
            rows++;
            if (!row.GetProperty("reference_agrees").GetBoolean()) otherwise++;
        }
        TestContext.Current.TestOutputHelper!.WriteLine($"{name}: {rows} rows exact, {otherwise} of them other than the published code's");
        rows.ShouldBeGreaterThan(0);
    }

    private static int EndOfSubject(string template, string prompt, string subject)
    {
        var text = template.Replace("{}", prompt);
        return text.IndexOf("{}", StringComparison.Ordinal) + subject.Trim().Length;
    }
}
