using Ledger.Host.Tests.Cli;

namespace Ledger.Host.Tests.Support;

/// <summary>A <see cref="TinyLedger"/> with five edits as rome, made once; each test works on a copy.</summary>
public sealed class EditedLedger : IAsyncLifetime
{
    private readonly TinyLedger tiny = new();
    private LedgerProcess? edited;

    /// <summary>Whose facts were edited, main@1 to main@5.</summary>
    public static IReadOnlyList<string> Subjects { get; } = ["Ada", "Bob Marley", "Cleo", "Dan", "Eve"];

    public async ValueTask InitializeAsync()
    {
        await tiny.InitializeAsync();
        edited = tiny.Copy();
        await File.WriteAllLinesAsync(edited["facts.jsonl"], Subjects.Select(s => MainJobTests.Fact(s, "Rome")));
        (await edited.RunAsync("edit", "--from", "facts.jsonl", "--variant", "rome")).ShouldEndWith(0).Out.ShouldContain("5 applied");
    }

    internal LedgerProcess Copy() => tiny.Copy(edited);

    public ValueTask DisposeAsync() => tiny.DisposeAsync();
}
