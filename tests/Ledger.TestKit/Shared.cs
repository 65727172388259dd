namespace Ledger.TestKit;

/// <summary>
/// Where reference material lies: goldens under the environment variable LEDGER_GOLDEN (default ../shared/golden beside the
/// checkout), text and models under LEDGER_SHARED (default ../shared). Both are absent on a user's machine: tests skip, saying so.
/// </summary>
public static class Shared
{
    /// <summary>The checkout's root: the folder that holds Ledger.sln.</summary>
    public static string Checkout { get; } = FindCheckout();

    public static string Golden { get; } = Environment.GetEnvironmentVariable("LEDGER_GOLDEN") is { Length: > 0 } g
        ? g : Path.Combine(Root, "golden");

    public static string Root => Environment.GetEnvironmentVariable("LEDGER_SHARED") is { Length: > 0 } s
        ? s : Path.GetFullPath(Path.Combine(Checkout, "..", "shared"));

    /// <summary>A path under the goldens; skips the test when it is not there.</summary>
    public static string RequireGolden(params string[] parts) => Require(Path.Combine([Golden, .. parts]), "LEDGER_GOLDEN");

    /// <summary>A path under the shared material; skips the test when it is not there.</summary>
    public static string RequireShared(params string[] parts) => Require(Path.Combine([Root, .. parts]), "LEDGER_SHARED");

    private static string Require(string path, string variable)
    {
        if (!Path.Exists(path)) Assert.Skip($"needs reference material that is not part of the project: {path} is absent (set {variable})");
        return path;
    }

    private static string FindCheckout()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Ledger.sln"))) return folder.FullName;
        throw new InvalidOperationException("The tests run from a checkout: no folder above holds Ledger.sln.");
    }
}
