using System.Text.Json;
using Ledger.Host.Tests.Support;
using Microsoft.Data.Sqlite;
using static Ledger.Host.Tests.Support.Failing;

namespace Ledger.Host.Tests.Cli;

/// <summary>Signing and verifying through the real program; what each tampering looks like is the acceptance run's.</summary>
public sealed class AttestTests(TinyLedger tiny) : IClassFixture<TinyLedger>
{
    [Fact]
    public async Task What_was_signed_verifies_with_the_public_key_however_much_was_added_since()
    {
        var ledger = tiny.Copy();
        var key = (await ledger.RunAsync("key", "new", "--out", "me.pem", "--json")).ShouldEndWith(0).Json[0];
        File.Exists(key.GetProperty("private").GetString()).ShouldBeTrue();
        var publicFile = key.GetProperty("public").GetString()!;
        await EditAsync(ledger, "Ada");
        (await ledger.RunAsync("attest", "--key", "me.pem", "--out", "monday.json")).ShouldEndWith(0).Out.ShouldContain("ledger verify --against monday.json --key me.pem.pub");
        (await VerifyAsync(ledger, "monday.json", publicFile)).Out.ShouldContain("as signed, none since");
        await EditAsync(ledger, "Bob");
        (await ledger.RunAsync("branch", "what-if", "--from", "main@1")).ShouldEndWith(0);
        await EditAsync(ledger, "Cleo", "-T", "what-if");
        (await VerifyAsync(ledger, "monday.json", publicFile)).Out.ShouldContain("3 events since");
        var against = (await VerifyAsync(ledger, "monday.json", publicFile, "--json")).Json[0].GetProperty("against");
        against.GetProperty("key").GetString().ShouldBe(key.GetProperty("key").GetString());
        (against.GetProperty("events").GetInt64(), against.GetProperty("since").GetInt64()).ShouldBe((6, 3));
        (await ledger.RunAsync("attest", "--key", "me.pem", "--json", "--out", "tuesday.json")).ShouldEndWith(0).Json[0].GetProperty("attestation").GetProperty("streams").GetArrayLength().ShouldBe(3);
        (await VerifyAsync(ledger, "tuesday.json", publicFile)).Out.ShouldContain("all 9 events as signed, none since");
        (await ledger.RunAsync("verify", "--json")).ShouldEndWith(0).Json[0].GetProperty("against").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Fact]
    public async Task Without_out_the_attestation_is_the_output_and_nothing_else()
    {
        var ledger = tiny.Copy();
        (await ledger.RunAsync("key", "new", "-o", "me.pem")).ShouldEndWith(0);
        var printed = (await ledger.RunAsync("attest", "--key", "me.pem")).ShouldEndWith(0);
        printed.Json.ShouldHaveSingleItem().GetProperty("payloadType").GetString().ShouldBe("application/vnd.in-toto+json");
        await File.WriteAllTextAsync(ledger["piped.json"], printed.Out);
        await VerifyAsync(ledger, "piped.json", "me.pem.pub");
        var summary = (await ledger.RunAsync("attest", "--key", "me.pem", "--out", "filed.json", "--json")).ShouldEndWith(0).Json[0];
        summary.GetProperty("attestation").GetProperty("streams").GetArrayLength().ShouldBe(1);      // nothing was edited yet
        await VerifyAsync(ledger, summary.GetProperty("out").GetString()!, "me.pem.pub");
    }

    [Fact]
    public async Task Whatever_is_wrong_with_keys_and_files_is_said_and_nothing_is_changed()
    {
        var ledger = tiny.Copy();
        foreach (var name in new[] { "me.pem", "other.pem" }) (await ledger.RunAsync("key", "new", "--out", name)).ShouldEndWith(0);
        (await ledger.RunAsync("attest", "--key", "me.pem", "--out", "signed.json")).ShouldEndWith(0);
        foreach (var (args, exitCode, says) in new (string[], int, string)[]
        {
            (["verify", "--against", "signed.json"], 2, "public key of whom you trust"),
            (["verify", "--key", "me.pem.pub"], 2, "goes with --against"),
            (["verify", "--against", "signed.json", "--key", "other.pem.pub"], 5, "was not signed by key"),
            (["verify", "--against", "signed.json", "--key", "me.pem"], 2, "holds a private key"),
            (["verify", "--against", "signed.json", "--key", "text.txt"], 2, "not an ECDSA P-256 key"),
            (["verify", "--against", "text.txt", "--key", "me.pem.pub"], 2, "is no attestation"),
            (["verify", "--against", "nowhere.json", "--key", "me.pem.pub"], 2, "cannot be read"),
            (["attest"], 2, "--key"),
            (["attest", "--key", "nowhere.pem"], 2, "cannot be read"),
            (["attest", "--key", "me.pem.pub", "--out", "new.json"], 2, "no private key"),
            (["attest", "--key", "me.pem", "--out", "signed.json"], 2, "exists already"),
            (["attest", "--key", "me.pem", "--out", "nowhere/new.json"], 2, "cannot be written"),
            (["key", "new", "--out", "me.pem"], 2, "exists already"),
            (["key", "new"], 2, "--out"),
        }) await ShouldFailAsync(ledger, args, exitCode, says, string.Join(' ', args));
    }

    [Fact]
    public async Task A_ledger_that_is_not_sound_is_not_signed_and_one_that_was_cut_off_is_not_what_was_signed()
    {
        var ledger = tiny.Copy();
        await EditAsync(ledger, "Ada");
        await EditAsync(ledger, "Bob");
        (await ledger.RunAsync("key", "new", "--out", "me.pem")).ShouldEndWith(0);
        (await ledger.RunAsync("attest", "--key", "me.pem", "--out", "signed.json")).ShouldEndWith(0);

        await SqlAsync(ledger, "DELETE FROM events WHERE position = (SELECT max(position) FROM events)");
        (await ledger.RunAsync("verify")).ShouldEndWith(0);             // nothing in the file says that there was more
        await ShouldFailAsync(ledger, ["verify", "--against", "signed.json", "--key", "me.pem.pub"], 5, "it had 2 events when it was signed, and event 1 is the first that is missing");

        await SqlAsync(ledger, "UPDATE events SET metadata = CAST(replace(CAST(metadata AS TEXT), '\"ana\"', '\"eve\"') AS BLOB) WHERE number = 0 AND stream LIKE 'timeline-%'");
        await ShouldFailAsync(ledger, ["attest", "--key", "me.pem", "--out", "new.json"], 5, "does not have the hash of its own content");
        // Another fault does not hide that the file was cut off.
        await ShouldFailAsync(ledger, ["verify", "--against", "signed.json", "--key", "me.pem.pub"], 5, "event 1 is the first that is missing. Besides: Event 0 of timeline-");
    }

    private static async Task EditAsync(LedgerProcess ledger, string subject, params string[] more) =>
        (await ledger.RunAsync(["edit", "{} lives in", "--subject", subject, "--to", "Rome", .. more])).ShouldEndWith(0);

    private static async Task<Ran> VerifyAsync(LedgerProcess ledger, string attestation, string key, params string[] more) =>
        (await ledger.RunAsync(["verify", "--against", attestation, "--key", key, .. more])).ShouldEndWith(0);

    private static async Task SqlAsync(LedgerProcess ledger, string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={ledger["tiny.ledger"]};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = $"DROP TRIGGER IF EXISTS events_are_never_changed; DROP TRIGGER IF EXISTS events_are_never_deleted; {sql}";
        (await command.ExecuteNonQueryAsync()).ShouldBe(1);
    }
}
