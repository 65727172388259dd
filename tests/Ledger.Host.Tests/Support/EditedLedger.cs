using Ledger.Host.Tests.Cli;

namespace Ledger.Host.Tests.Support;

/// <summary>A <see cref="TinyLedger"/> with five edits as rome, made once; each test works on a copy.</summary>
public class EditedLedger : IAsyncLifetime
{
    private LedgerProcess? edited;

    public EditedLedger()
        : this(new TinyLedger())
    {
    }

    protected EditedLedger(TinyLedger tiny) => Tiny = tiny;

    /// <summary>The same without the edits.</summary>
    public TinyLedger Tiny { get; }

    /// <summary>Whose facts were edited, main@1 to main@5.</summary>
    public static IReadOnlyList<string> Subjects { get; } = ["Ada", "Bob Marley", "Cleo", "Dan", "Eve"];

    public async ValueTask InitializeAsync()
    {
        await Tiny.InitializeAsync();
        edited = Tiny.Copy();
        await File.WriteAllLinesAsync(edited["facts.jsonl"], Subjects.Select(s => MainJobTests.Fact(s, "Rome")));
        (await edited.RunAsync("edit", "--from", "facts.jsonl", "--variant", "rome")).ShouldEndWith(0).Out.ShouldContain("5 applied");
    }

    internal LedgerProcess Copy() => Tiny.Copy(edited);

    public async ValueTask DisposeAsync()
    {
        await Tiny.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
