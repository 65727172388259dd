using Ledger.Host.Tests.Support;
using static Ledger.Host.Tests.Support.Failing;

namespace Ledger.Host.Tests.Cli;

/// <summary>Each way to be wrong: one short error, its exit code, and nothing changed.</summary>
public sealed class BadInputTests(TinyLedger tiny) : IClassFixture<TinyLedger>
{
    public static TheoryData<string, string[], int, string> WrongCommands => new()
    {
        { "no such model", ["open", "new", "--model", "nowhere", "--layer", "0"], 2, "nowhere" },
        { "layer out of range", ["open", "new", "--layer", "99"], 2, "0 to 1" },
        { "layer below 0", ["open", "new", "--layer=-1"], 2, "counted from 0" },
        { "a name that leaves the folder", ["open", "../new", "--layer", "1"], 2, "cannot be a ledger's name" },
        { "a ledger that exists", ["open", "tiny", "--layer", "1"], 2, "exists already" },
        { "a policy that is not there", ["open", "new", "--layer", "1", "--policy", "nowhere.json"], 2, "nowhere.json" },
        { "no {} in the prompt", ["edit", "The mother tongue of is", "--subject", "Ada", "--to", "English"], 2, "the prompt has no {} for the subject" },
        { "no {} but the subject", ["edit", "The mother tongue of Ada is", "--subject", "Ada", "--to", "English"], 2, "write it as  \"The mother tongue of {} is\"" },
        { "two {}", ["edit", "{} and {} are", "--subject", "Ada", "--to", "English"], 2, "the prompt has 2 {}" },
        { "no space before {}", ["edit", "the{} is", "--subject", "Ada", "--to", "English"], 2, "no space" },
        { "an empty subject", ["edit", "{} is", "--subject", " ", "--to", "English"], 2, "the subject is empty" },
        { "an empty target", ["edit", "{} is", "--subject", "Ada", "--to", ""], 2, "the target is empty" },
        { "the true target as target", ["edit", "{} is", "--subject", "Ada", "--to", "so", "--true", "so"], 2, "the true target already" },
        { "no subject", ["edit", "{} is", "--to", "English"], 2, "--subject" },
        { "an unknown variant", ["edit", "{} is", "--subject", "Ada", "--to", "so", "--variant", "rome2"], 2, "rome2" },
        { "an unknown command", ["edti"], 2, "edti" },
        { "a bulk file that is not there", ["edit", "--from", "nowhere.json"], 2, "cannot be read" },
        { "--format without --from", ["edit", "{} is", "--subject", "Ada", "--to", "so", "--format", "csv"], 2, "go with --from" },
        { "a form that is none", ["edit", "--from", "text.txt", "--format", "xml"], 2, "xml" },
        { "a file of no form", ["edit", "--from", "text.txt"], 2, "the form is not recognised" },
        { "a conflict policy that is none", ["edit", "{} is", "--subject", "Ada", "--to", "so", "--on-conflict", "merge"], 2, "merge" },
        { "--first without --from", ["edit", "{} is", "--subject", "Ada", "--to", "so", "--first", "3"], 2, "go with --from" },
        { "an edit that is not there", ["show", "zzzz"], 2, "has no edit \"zzzz\"" },
        { "a revision that is not there", ["rebuild", "main@7"], 2, "has no revision 7" },
        { "a revision that is none", ["rebuild", "main@seven"], 2, "is not a revision" },
        { "a timeline that is not there", ["rebuild", "other@0"], 2, "no timeline \"other\"" },
        { "a ledger that is not there", ["log", "--ledger", "other"], 2, "no ledger" },
        { "a decision without a reason", ["revert", "zzzz"], 2, "--reason" },
        { "a decision with an empty reason", ["revert", "zzzz", "--reason", " "], 2, "needs a reason" },
        { "a bulk file without a name", ["edit", "--from", ""], 2, "cannot be read" },
        { "a policy without a name", ["gate", "set", ""], 2, "cannot be read" },
        { "texts without a name", ["evaluate", "--text", ""], 2, "cannot be read" },
        { "an order without a name", ["replay", "--as", "again", "--order", ""], 2, "cannot be read" },
        { "a matrix without a name", ["rebuild", "main@0", "--out", ""], 2, "No file is named" },
        { "a key without a name", ["key", "new", "--out", ""], 2, "No file is named" },
        { "a tag by nobody", ["tag", "start", "main@0", "--author", " "], 2, "nobody is named as the author" },
        { "an option without its value", ["edit", "{} is", "--subject"], 2, "--subject" },
        { "an option twice", ["edit", "{} is", "-s", "Ada", "-s", "Bob", "-t", "so"], 2, "single argument" },
        { "a word for a number", ["edit", "--from", "text.txt", "--first", "abc"], 2, "a number is expected" },
        { "a word for a number of tokens", ["ask", "Ada is", "--tokens", "abc"], 2, "a number is expected" },
        { "more tokens than the model has positions", ["ask", "Ada is", "--tokens", "999"], 2, "ask for at most" },
        { "no text to measure over", ["keystats"], 2, "needs text" },
        { "text and a ledger to take C from", ["keystats", "text.txt", "--from", "tiny"], 2, "leave texts" },
        { "more evaluations than an event holds", ["open", "new", "--layer", "1", "--evaluations", "501"], 2, "from 1 to 500" },
        { "key statistics twice", ["keystats", "text.txt"], 2, "key statistics already" },
        { "a text longer than the model's positions", ["edit", "{} is", "--subject", "Ada", "--to", "so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so"], 2, "positions" },
    };

    [Theory]
    [MemberData(nameof(WrongCommands))]
    public async Task A_wrong_command_says_what_would_be_right_and_changes_nothing(string what, string[] args, int exitCode, string says)
    {
        var ledger = tiny.Copy();
        await ShouldFailAsync(ledger, args, exitCode, says, what);
    }

    [Fact]
    public async Task A_pickle_is_refused_with_the_reason()
    {
        var ledger = tiny.Copy();
        Directory.CreateDirectory(ledger["pickled"]);
        File.Copy(ledger["model/config.json"], ledger["pickled/config.json"]);
        await File.WriteAllBytesAsync(ledger["pickled/pytorch_model.bin"], [0x80, 2]);
        await ShouldFailAsync(ledger, ["open", "new", "--model", "pickled", "--layer", "0"], 2, "safetensors");
        await ShouldFailAsync(ledger, ["open", "new", "--model", "pickled/pytorch_model.bin", "--layer", "0"], 2, "safetensors");
    }

    [Theory]
    [InlineData("""{"requested_rewrite":{"prompt":"{} is","subject":"\\ud800x","target_new":{"str":"z"}}}""", "line 2, column 1: the record holds text that is not Unicode")]
    [InlineData("""{"requested_rewrite":{"prompt":"{} is","subject":"LONG","target_new":{"str":"z"}}}""", "line 2, column 1")]
    public async Task A_record_that_only_reading_on_finds_bad_is_named_and_can_be_left_out(string bad, string where)
    {
        var ledger = tiny.Copy();
        await File.WriteAllLinesAsync(ledger["facts.jsonl"], [MainJobTests.Fact("Ada", "Rome"), bad.Replace("LONG", new string('x', 300)).Replace("\\\\", "\\"), MainJobTests.Fact("Bob", "Rome")]);
        (await ledger.RunAsync("edit", "--from", "facts.jsonl")).ShouldEndWith(2).Err.ShouldContain(where);
        var skipping = (await ledger.RunAsync("edit", "--from", "facts.jsonl", "--skip-bad")).ShouldEndWith(0);
        skipping.Out.ShouldContain("1 bad record left out");
        (await ledger.RunAsync("log", "--json")).Json.Select(l => l.GetProperty("subject").GetString()).ShouldBe(["Ada", "Bob"]);
    }

    [Theory]
    [InlineData("[A][B]", "something stands behind the array")]
    [InlineData("[A] garbage", "something stands behind the array")]
    [InlineData("[A B]", "a comma is missing")]
    [InlineData("[A,,B]", "a record is missing")]
    [InlineData("[A,]", "a record is missing")]
    [InlineData("[A, B", "the array does not end")]
    public async Task An_array_that_is_not_one_is_refused_before_anything_is_edited(string array, string says)
    {
        var ledger = tiny.Copy();
        await File.WriteAllTextAsync(ledger["facts.json"], array.Replace("A", "#").Replace("B", MainJobTests.Fact("Bob", "Rome")).Replace("#", MainJobTests.Fact("Ada", "Rome")));
        await ShouldFailAsync(ledger, ["edit", "--from", "facts.json"], 2, says);
    }

    [Fact]
    public async Task Text_that_begins_with_an_at_sign_is_text()
    {
        var ledger = tiny.Copy();
        (await ledger.RunAsync("ask", "@text.txt is", "--tokens", "2")).ShouldEndWith(0).Out.ShouldContain("@text.txt is");
    }

    [Fact]
    public async Task What_a_bulk_file_says_reaches_the_terminal_as_text()
    {
        var ledger = tiny.Copy();
        await File.WriteAllTextAsync(ledger["facts.jsonl"], """{"requested_rewrite":{"prompt":"\u001b[31m{} {}","subject":"Ada","target_new":{"str":"so"}}}""");
        (await ledger.RunAsync("edit", "--from", "facts.jsonl")).ShouldEndWith(2).Err.ShouldNotContain("\u001b");
    }

    [Fact]
    public async Task Of_two_openings_of_one_name_one_wins_and_its_ledger_is_whole()
    {
        var ledger = tiny.Copy();
        for (var i = 0; i < 3; i++)
        {
            string[] open = ["open", $"race{i}", "--layer", "1"];
            var ran = await Task.WhenAll(LedgerProcess.WaitAsync(ledger.Start(open)), LedgerProcess.WaitAsync(ledger.Start(open)));
            ran.Select(r => r.ExitCode).Order().ToArray().ShouldBe(new[] { 0, 2 }, string.Join("\n", ran.Select(r => r.Err)));
            ran.Single(r => r.ExitCode == 2).Err.ShouldContain("exists already");
            (await ledger.RunAsync("log", "-l", $"race{i}")).ShouldEndWith(0);
            Directory.GetFiles(ledger.Folder, "*.opening*").ShouldBeEmpty();
        }
    }

    [Theory]
    [InlineData("cuda:7")]
    [InlineData("abacus")]
    [InlineData("cpu:x")]
    public async Task A_device_that_is_not_there_is_named(string device)
    {
        var copy = tiny.Copy();
        var ledger = new LedgerProcess(copy.Folder, new Dictionary<string, string> { ["LEDGER_MODEL"] = copy["model"], ["LEDGER_DEVICE"] = device });
        await ShouldFailAsync(ledger, ["ask", "Ada is"], 2, $"The device \"{device}\" cannot be used");
    }

    [Fact]
    public async Task A_malformed_line_of_a_bulk_file_is_named_by_line_and_column_before_anything_is_edited()
    {
        var ledger = tiny.Copy();
        await File.WriteAllLinesAsync(ledger["facts.jsonl"], [MainJobTests.Fact("Ada", "Rome"), "{\"requested_rewrite\": nonsense}", MainJobTests.Fact("Bob", "Rome"), "{\"case_id\": 4}", MainJobTests.Fact("", "Rome")]);
        await ShouldFailAsync(ledger, ["edit", "--from", "facts.jsonl"], 2, "facts.jsonl, line 2, column 24");

        var skipping = (await ledger.RunAsync("edit", "--from", "facts.jsonl", "--skip-bad")).ShouldEndWith(0);
        skipping.Out.ShouldContain("2 applied");
        skipping.Out.ShouldContain("3 bad records left out");
        skipping.Err.ShouldContain("line 2, column 24");
        skipping.Err.ShouldContain("line 4");
        skipping.Err.ShouldContain("line 5");
    }

    [Fact]
    public async Task A_ledger_file_of_a_newer_version_is_left_alone()
    {
        var ledger = tiny.Copy();
        var bytes = await File.ReadAllBytesAsync(ledger["tiny.ledger"]);
        bytes[63] = 2;
        await File.WriteAllBytesAsync(ledger["tiny.ledger"], bytes);
        await ShouldFailAsync(ledger, ["log"], 2, "file version 2");
        await ShouldFailAsync(ledger, ["edit", "{} is", "--subject", "Ada", "--to", "so"], 2, "file version 2");
    }

    [Fact]
    public async Task A_base_checkpoint_that_changed_since_opening_is_noticed()
    {
        var ledger = tiny.Copy();
        (await ledger.RunAsync("edit", "{} is", "--subject", "Ada", "--to", "so")).ShouldEndWith(0);
        TinyCheckpoint.Weights(ledger["model/model.safetensors"], seed: 2);
        foreach (var args in new string[][] { ["edit", "{} is", "--subject", "Bob", "--to", "so"], ["ask", "Ada is"], ["rebuild"], ["verify"] })
            await ShouldFailAsync(ledger, args, 5, "not the one this ledger was opened over");
        (await ledger.RunAsync("log")).ShouldEndWith(0);
    }

    [Fact]
    public async Task A_lost_C_is_named_and_restored_from_the_same_text()
    {
        var ledger = tiny.Copy();
        foreach (var file in Directory.GetFiles(ledger["tiny.ledger.d/keystats"])) File.Delete(file);
        await ShouldFailAsync(ledger, ["edit", "{} is", "--subject", "Ada", "--to", "so"], 2, "keystats");
        (await ledger.RunAsync("keystats", "text.txt")).ShouldEndWith(0).Out.ShouldContain("restored");
        (await ledger.RunAsync("edit", "{} is", "--subject", "Ada", "--to", "so")).ShouldEndWith(0);
    }

    [Fact]
    public async Task A_damaged_C_is_named_and_restored_by_what_the_message_says()
    {
        var ledger = tiny.Copy();
        foreach (var factor in Directory.GetFiles(ledger["tiny.ledger.d/keystats"], "*.cholesky.*")) File.Delete(factor);
        var c = Directory.GetFiles(ledger["tiny.ledger.d/keystats"]).Single();
        var bytes = await File.ReadAllBytesAsync(c);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(c, bytes);
        await ShouldFailAsync(ledger, ["edit", "{} is", "--subject", "Ada", "--to", "so"], 2, "ledger keystats");
        (await ledger.RunAsync("keystats", "text.txt")).ShouldEndWith(0).Out.ShouldContain("restored");
        (await ledger.RunAsync("edit", "{} is", "--subject", "Ada", "--to", "so")).ShouldEndWith(0);
    }

    [Fact]
    public async Task Key_statistics_removed_from_the_ledgers_own_stream_are_missed()
    {
        var ledger = tiny.Copy();
        (await ledger.RunAsync("edit", "{} is", "--subject", "Ada", "--to", "so")).ShouldEndWith(0);
        await SqlAsync("DROP TRIGGER events_are_never_deleted; DELETE FROM events WHERE type = 'key-statistics-recorded.v2'");
        (await ledger.RunAsync("verify")).ShouldEndWith(5).Err.ShouldContain("stands behind a gap");
        // By somebody who closes the gap.
        await SqlAsync("DROP TRIGGER events_are_never_changed; UPDATE events SET position = position - 1 WHERE position > (SELECT count(*) FROM events)");
        (await ledger.RunAsync("verify")).ShouldEndWith(5).Err.ShouldContain("key statistics that the ledger does not record");

        async Task SqlAsync(string sql)
        {
            await using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={ledger["tiny.ledger"]};Pooling=False");
            await connection.OpenAsync(TestContext.Current.CancellationToken);
            await using var command = connection.CreateCommand();
            command.CommandText = sql;
            (await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken)).ShouldBe(1);
        }
    }

    [Fact]
    public async Task Another_ledgers_look_at_another_base_does_not_count()
    {
        var ledger = tiny.Copy();
        TinyCheckpoint.Write(ledger["other"], seed: 9);
        (await ledger.RunAsync("open", "second", "--model", "other", "--layer", "1")).ShouldEndWith(0);
        (await ledger.RunAsync("ask", "Ada is", "-l", "second", "-m", "other")).ShouldEndWith(0);
        File.Delete(ledger["second.ledger"]);
        (await ledger.RunAsync("open", "second", "--layer", "1")).ShouldEndWith(0);
        (await ledger.RunAsync("rebuild", "0", "-l", "second", "-m", "other")).ShouldEndWith(5).Err.ShouldContain("not the one this ledger was opened over");
    }

    [Fact]
    public async Task An_event_changed_behind_the_ledgers_back_is_named()
    {
        var ledger = tiny.Copy();
        foreach (var subject in new[] { "Ada", "Bob" }) (await ledger.RunAsync("edit", "{} is", "--subject", subject, "--to", "so")).ShouldEndWith(0);
        await using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={ledger["tiny.ledger"]};Pooling=False"))
        {
            await connection.OpenAsync(TestContext.Current.CancellationToken);
            await using var command = connection.CreateCommand();
            command.CommandText = "DROP TRIGGER events_are_never_changed; UPDATE events SET data = CAST(replace(CAST(data AS TEXT), 'Ada', 'Eve') AS BLOB) WHERE stream LIKE 'timeline-%' AND number = 0";
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }
        (await ledger.RunAsync("verify")).ShouldEndWith(5).Err.ShouldContain("Event 0 of timeline-");
    }

    [Fact]
    public async Task A_run_that_another_process_writes_into_stops_at_its_next_edit_and_what_it_did_stays()
    {
        var ledger = tiny.Copy();
        await File.WriteAllLinesAsync(ledger["a.jsonl"], Enumerable.Range(0, 2_000).Select(i => MainJobTests.Fact($"Ada {i}", "Rome")));
        using var a = ledger.Start("edit", "--from", "a.jsonl", "--json");
        var error = a.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        // It is at work, and has more than the other needs to start.
        (await a.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken)).ShouldNotBeNull();
        var said = a.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await ledger.RebaseAsync("edit", "{} lives in", "--subject", "Bob", "--to", "Rome");
        await a.WaitForExitAsync(TestContext.Current.CancellationToken);

        a.ExitCode.ShouldBe(3, await error);
        var lost = await error;
        lost.ShouldContain("main has moved on: it was read at main@");
        lost.ShouldContain("of 2000 records are done and stay");
        lost.ShouldContain("--on-conflict rebase");
        var log = (await ledger.RunAsync("log", "--json")).Json;
        log.Select(l => l.GetProperty("subject").GetString()!).ShouldBe([.. Enumerable.Range(0, log.Count - 1).Select(i => $"Ada {i}"), "Bob"]);
        (await said).Split('\n').Count(l => l.Contains("\"edit\"", StringComparison.Ordinal)).ShouldBe(log.Count - 2);
        (await ledger.RunAsync("verify", "--deep")).ShouldEndWith(0);
    }
}
