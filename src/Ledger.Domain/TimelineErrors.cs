namespace Ledger.Domain;

/// <summary>The timeline has no edit of that id, or several begin with it.</summary>
public sealed class EditUnknownException(string edit, string timeline, IReadOnlyList<string>? candidates = null)
    : LedgerException(
        candidates is { Count: > 0 } ? $"\"{edit}\" fits {candidates.Count} edits of {timeline}." : $"{timeline} has no edit \"{edit}\".",
        candidates is { Count: > 0 } ? $"write more of the id: {string.Join(", ", candidates.Take(8))}" : "`ledger log` lists the edits")
{
    public string Edit { get; } = edit;
    public override FailureKind Kind => FailureKind.BadInput;
}

/// <summary>The edit stands where this decision cannot be made.</summary>
public sealed class EditStatusException(EditId edit, EditStatus status, string what, EditStatus? wanted = null)
    : LedgerException(
        $"Edit {edit.Short()} is {Name(status)} and cannot be {what}.",
        wanted is { } w ? $"only an edit that is {Name(w)} can be {what}" : null)
{
    public EditId Edit { get; } = edit;
    public EditStatus Status { get; } = status;
    public override FailureKind Kind => FailureKind.BadInput;

    private static string Name(EditStatus status) => status switch
    {
        EditStatus.InEffect => "in effect",
        _ => status.ToString().ToLowerInvariant(),
    };
}

/// <summary>There is nothing that could be taken over from another timeline.</summary>
public sealed class TakeException(string problem, string? remedy) : LedgerException(problem, remedy)
{
    public override FailureKind Kind => FailureKind.BadInput;
}

/// <summary>The factors hold NaN or infinity: there are no weights with this edit.</summary>
public sealed class NotFiniteException(EditId edit)
    : LedgerException($"The factors of edit {edit.Short()} are not finite; no weights exist with it.", "release it under another variant")
{
    public EditId Edit { get; } = edit;
    public override FailureKind Kind => FailureKind.BadInput;
}

/// <summary>An event is known by name but this program has no rule to fold it: a ledger may not skip facts.</summary>
public sealed class NoRuleException(string type, long revision)
    : LedgerException($"Revision {revision} is a \"{type}\", which this program cannot fold.", "use a newer version of ledger")
{
    public string Type { get; } = type;
    public long Revision { get; } = revision;
    public override FailureKind Kind => FailureKind.Failed;
}

/// <summary>The ledger lacks something its set-up should have, or has it already.</summary>
public sealed class SetupException(string problem, string remedy) : LedgerException(problem, remedy)
{
    public override FailureKind Kind => FailureKind.BadInput;
}

/// <summary>No timeline, revision or tag of that name.</summary>
public sealed class RevisionUnknownException(string problem, string remedy) : LedgerException(problem, remedy)
{
    public override FailureKind Kind => FailureKind.BadInput;
}

/// <summary>Somebody else appended to the timeline since it was read: nothing of this decision was recorded.</summary>
/// <param name="expected">The revision it was read at.</param>
/// <param name="actual">The revision it is at now, or was at when the conflict was seen.</param>
public sealed class TimelineConflictException(string timeline, long expected, long actual, Exception inner, string? remedy = null)
    : LedgerException(
        $"{timeline} has moved on: it was read at {timeline}@{expected}, and somebody else has made {timeline}@{actual} since.",
        remedy ?? "nothing was recorded; see `ledger log`, and repeat the command if it still holds", inner)
{
    public string Timeline { get; } = timeline;
    public long Expected { get; } = expected;
    public long Actual { get; } = actual;
    public override FailureKind Kind => FailureKind.Conflict;

    /// <summary>The same, with what can be done where it happened.</summary>
    public TimelineConflictException Advising(string remedy) => new(Timeline, Expected, Actual, this, remedy);
}
