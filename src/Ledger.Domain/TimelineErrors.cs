namespace Ledger.Domain;

/// <summary>The timeline has no edit of that id.</summary>
/// <param name="near">Ids of edits it has that may be meant.</param>
public sealed class EditUnknownException(string edit, string timeline, IReadOnlyList<string>? near = null)
    : LedgerException($"{timeline} has no edit \"{edit}\".", near is { Count: > 0 } ? $"did you mean {string.Join(", ", near)}?" : "`ledger log` lists the edits")
{
    public string Edit { get; } = edit;
    public override FailureKind Kind => FailureKind.BadInput;
}

/// <summary>Several edits of the timeline have ids that begin so.</summary>
/// <param name="candidates">More of the ids of some of them.</param>
public sealed class EditAmbiguousException(string edit, string timeline, int count, IReadOnlyList<string> candidates)
    : LedgerException($"\"{edit}\" fits {count} edits of {timeline}.", $"write more of the id: {string.Join(", ", candidates)}{(count > candidates.Count ? " …" : "")}")
{
    public string Edit { get; } = edit;
    public override FailureKind Kind => FailureKind.BadInput;
}

/// <summary>The timeline has no such edit, but others have.</summary>
/// <param name="where">The edits' short ids, each with its timeline's name.</param>
public sealed class EditElsewhereException(string edit, string timeline, IReadOnlyList<(string Edit, string Timeline)> where)
    : LedgerException(
        where is [var (id, other)] ? $"Edit {id} is on {other}, not on {timeline}." : $"\"{edit}\" fits no edit of {timeline}, but {string.Join(", ", where.Select(w => $"{w.Edit} on {w.Timeline}"))}.",
        where is [var (_, only)] ? $"add -T {only}" : "write more of the id, and name the timeline with -T")
{
    public string Edit { get; } = edit;
    public override FailureKind Kind => FailureKind.BadInput;
}

/// <summary>The edit stands where this decision cannot be made.</summary>
public sealed class EditStatusException(EditId edit, EditStatus status, string what, EditStatus? wanted = null)
    : LedgerException(
        $"Edit {edit.Short()} is {status.Words()} and cannot be {what}.",
        wanted is { } w ? $"only an edit that is {w.Words()} can be {what}" : null)
{
    public EditId Edit { get; } = edit;
    public EditStatus Status { get; } = status;
    public override FailureKind Kind => FailureKind.BadInput;
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
