using System.Security.Cryptography;

namespace Ledger.Host.Tests.Support;

/// <summary>How a command fails: one short error with its exit code, and nothing changed.</summary>
internal static class Failing
{
    public static async Task ShouldFailAsync(LedgerProcess ledger, string[] args, int exitCode, string says, string? what = null)
    {
        var before = Fingerprint(ledger.Folder);
        var ran = (await ledger.RunAsync(args)).ShouldEndWith(exitCode);
        ran.Err.ShouldContain(says, Case.Insensitive, what);
        ran.Err.ShouldStartWith("error: ");
        ran.Err.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBeLessThanOrEqualTo(3, ran.Err);
        ran.Err.ShouldNotContain("fault in ledger");
        ran.Out.ShouldBeEmpty();
        Fingerprint(ledger.Folder).ShouldBe(before, what);
    }

    /// <summary>Names and contents of every file but what is only a cache and may be deleted at any time.</summary>
    private static string Fingerprint(string folder) => string.Join('\n', Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
        .Where(f => !f.Contains($"{Path.DirectorySeparatorChar}cache{Path.DirectorySeparatorChar}", StringComparison.Ordinal) && !f.Contains(".cholesky.", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal).Select(f => $"{f} {Contents(f)}"));

    /// <summary>Whatever has no length is not opened: it may be a pipe.</summary>
    private static string Contents(string file) => new FileInfo(file).Length == 0 ? "" : Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)));
}
