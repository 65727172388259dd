using Ledger.Domain;

namespace Ledger.Engine.Tokenizing;

/// <summary>The subject's last token cannot be located in the rendered prompt.</summary>
public sealed class LookupException(string prompt, string problem, string remedy) : LedgerException(problem, remedy)
{
    /// <summary>The prompt, in its context template, with <c>{}</c> where the subject goes.</summary>
    public string Prompt { get; } = prompt;

    public override FailureKind Kind => FailureKind.BadInput;
}
