using System.Diagnostics;
using Ledger.Host.Tests.Support;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Cli;

/// <summary>Texts and files of statistics that C cannot come from: one short error, and the ledger has no C afterwards.</summary>
public sealed class BadCorpusTests(TinyLedger tiny) : IClassFixture<TinyLedger>
{
    public static TheoryData<string, string[], string> Bad => new()
    {
        { "nothing", ["empty.txt"], "no text in these files" },
        { "blank lines", ["blank.txt"], "no text in these files" },
        { "a binary", ["model/model.safetensors"], "zero byte" },
        { "a file that is not there", ["nowhere.txt"], "cannot be read" },
        { "a folder without text", ["notes"], "no text below" },
        { "a file twice", ["text.txt", "./text.txt"], "named twice" },
        { "a JSON line without the column", ["x.jsonl"], "line 2, has no \"text\"" },
        { "a column that is no text", ["x.jsonl", "--column", "id"], "has a Number" },
        { "a damaged gzip", ["cut.txt.gz"], "is damaged" },
        { "a damaged Parquet", ["bad.parquet"], "no Parquet" },
        { "arrays", ["bad.npz"], "keystats import" },
        { "an .npz that is none", ["import", "bad.npz"], "no .npz" },
        { "an .npz that is not there", ["import", "nowhere.npz"], "cannot be read" },
        { "an .npz of another d_k", ["import", "small.npz"], "need 64 × 64" },
        { "an .npz to import and text", ["import", "small.npz", "text.txt"], "text.txt" },
        { "nothing to import", ["import"], "argument" },
    };

    [Theory, MemberData(nameof(Bad))]
    public async Task It_is_refused_and_nothing_is_recorded(string what, string[] args, string says)
    {
        var ledger = await OpenAsync();
        var ran = (await ledger.RunAsync(["keystats", .. args, "-l", "new"])).ShouldEndWith(2);
        ran.Err.ShouldContain(says, Case.Insensitive, what);
        ran.Err.ShouldStartWith("error: ");
        ran.Err.ShouldNotContain("fault in ledger");
        ran.Out.ShouldBeEmpty();
        await ShouldHaveNoCAsync(ledger);
        if (Directory.Exists(ledger["new.ledger.d/keystats"])) Directory.GetFiles(ledger["new.ledger.d/keystats"]).ShouldBeEmpty(what);
    }

    [Fact]
    public async Task Not_UTF8_becomes_the_replacement_character_and_is_measured()
    {
        var ledger = await OpenAsync();
        await File.WriteAllBytesAsync(ledger["latin.txt"], [.. (await File.ReadAllBytesAsync(ledger["text.txt"])).Select(b => b == (byte)'e' ? (byte)0xe9 : b)]);
        (await ledger.RunAsync("keystats", "latin.txt", "-l", "new")).ShouldEndWith(0);
    }

    [Theory]
    [InlineData("full")]
    [InlineData("read-only")]
    public async Task A_disk_that_takes_no_C_is_named_and_nothing_is_half_written(string disk)
    {
        var ledger = await OpenAsync();
        Directory.CreateDirectory(ledger["new.ledger.d/keystats"]);
        await using var small = SmallDisk.TryMount(ledger["new.ledger.d/keystats"]);
        Assert.SkipWhen(small is null, "a small disk can be mounted only by root on Linux");
        if (disk == "full") small.Fill();
        else small.MakeReadOnly();
        foreach (var args in new string[][] { ["text.txt"], ["import", "good.npz"] })
        {
            var ran = (await ledger.RunAsync(["keystats", .. args, "-l", "new"])).ShouldEndWith(1);
            ran.Err.ShouldContain(disk == "full" ? "No space left" : "Read-only file system", Case.Insensitive);
            ran.Err.ShouldContain("make room, or give permission");
            Directory.GetFiles(ledger["new.ledger.d/keystats"], "*.safetensors*").ShouldBeEmpty();
            await ShouldHaveNoCAsync(ledger);
        }
        small.MakeRoom();
        (await ledger.RunAsync("keystats", "text.txt", "-l", "new")).ShouldEndWith(0).Out.ShouldContain("C measured");
    }

    private static async Task ShouldHaveNoCAsync(LedgerProcess ledger) =>
        (await ledger.RunAsync("edit", "{} is", "--subject", "Ada", "--to", "so", "-l", "new")).ShouldEndWith(2).Err.ShouldContain("no key statistics yet");

    private async Task<LedgerProcess> OpenAsync()
    {
        var ledger = tiny.Copy();
        Directory.CreateDirectory(ledger["notes"]);
        await File.WriteAllTextAsync(ledger["notes/README.md"], "no text of a corpus");
        await File.WriteAllBytesAsync(ledger["empty.txt"], []);
        await File.WriteAllTextAsync(ledger["blank.txt"], "\n \n\u3000\n");
        await File.WriteAllTextAsync(ledger["x.jsonl"], Corpora.JsonLines(["a"]) + Corpora.JsonLines(["b"], "body"));
        await File.WriteAllBytesAsync(ledger["cut.txt.gz"], Corpora.Gzip(await File.ReadAllTextAsync(ledger["text.txt"]))[..500]);
        await File.WriteAllTextAsync(ledger["bad.parquet"], "no Parquet");
        await File.WriteAllTextAsync(ledger["bad.npz"], "no arrays");
        await File.WriteAllBytesAsync(ledger["small.npz"], Npz.Moment(Npz.Doubles([1, 0, 0, 1], 2), 5));
        const int dk = TinyCheckpoint.Inner;
        await File.WriteAllBytesAsync(ledger["good.npz"], Npz.Moment(Npz.Doubles(Enumerable.Range(0, dk * dk).Select(i => i % (dk + 1) == 0 ? 100.0 : 0), dk), 100));
        (await ledger.RunAsync("open", "new", "--layer", "1")).ShouldEndWith(0);
        return ledger;
    }

    /// <summary>A file system of one megabyte in memory.</summary>
    private sealed class SmallDisk : IAsyncDisposable
    {
        private readonly string folder;

        private SmallDisk(string folder) => this.folder = folder;

        public static SmallDisk? TryMount(string folder) =>
            OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess && Run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder) ? new SmallDisk(folder) : null;

        public void Fill()
        {
            try
            {
                using var filler = new FileStream(Path.Combine(folder, "filler"), FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
                for (var page = new byte[4096]; ;) filler.Write(page);
            }
            catch (IOException)
            {
            }
        }

        public void MakeReadOnly() => Run("mount", "-o", "remount,ro", folder).ShouldBeTrue();

        public void MakeRoom()
        {
            Run("mount", "-o", "remount,rw", folder).ShouldBeTrue();
            File.Delete(Path.Combine(folder, "filler"));
        }

        public ValueTask DisposeAsync()
        {
            Run("umount", folder);
            return ValueTask.CompletedTask;
        }

        private static bool Run(string program, params string[] args)
        {
            using var process = Process.Start(new ProcessStartInfo(program, args) { RedirectStandardError = true })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
    }
}
