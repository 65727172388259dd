using Ledger.TestKit;

namespace Ledger.Domain.Tests.Events;

/// <summary>
/// Files that say what stored bytes are. They are written only on purpose, by running this test program with LEDGER_WRITE_GOLDEN=1, and never
/// where CI is true: there a difference is a fault.
/// </summary>
internal static class GoldenFiles
{
    private const string Variable = "LEDGER_WRITE_GOLDEN";

    public static string Folder { get; } = Path.Combine(Shared.Checkout, "tests", "Ledger.Domain.Tests", "Golden");

    /// <summary>Fails where the bytes are not the file's.</summary>
    /// <param name="name">The file's name in <see cref="Folder"/>.</param>
    /// <param name="actual">What the program makes now.</param>
    /// <param name="rule">What a difference means.</param>
    public static void ShouldHold(string name, ReadOnlySpan<byte> actual, string rule)
    {
        var path = Path.Combine(Folder, name);
        if (Environment.GetEnvironmentVariable(Variable) == "1")
        {
            if (Environment.GetEnvironmentVariable("CI") == "true") throw new InvalidOperationException($"{Variable} is set on CI: golden files are written by people.");
            Directory.CreateDirectory(Folder);
            File.WriteAllBytes(path, actual);
        }
        var help = $"{rule} To write {path} anew on purpose: run this test program with {Variable}=1 and look at the difference.";
        File.Exists(path).ShouldBeTrue($"{path} is not there. {help}");
        System.Text.Encoding.UTF8.GetString(actual).ShouldBe(File.ReadAllText(path), help);
        actual.SequenceEqual(File.ReadAllBytes(path)).ShouldBeTrue(help);
    }
}
