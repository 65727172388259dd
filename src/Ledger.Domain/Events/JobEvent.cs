using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Ledger.Domain.Editing;

namespace Ledger.Domain.Events;

/// <summary>A fact about work that a worker is to do, or what came of it. Jobs have streams of their own: no part of the chain, of copies or of signed heads.</summary>
public abstract record JobEvent : LedgerEvent
{
    private protected JobEvent(JobId job, int attempt) => (Job, Attempt) = (job, attempt);

    [JsonPropertyOrder(-3)]
    public JobId Job { get; init; }

    /// <summary>0, and one more each time the job is queued again: a parked one, or one that a ledger restored from a backup has lost.</summary>
    [JsonPropertyOrder(-2)]
    public int Attempt { get; init; }
}

/// <summary>Somebody asked for work. What it asks for is all here: whoever does it needs no command line.</summary>
public abstract record JobQueued : JobEvent
{
    private protected JobQueued(JobId job, int attempt) : base(job, attempt)
    {
    }
}

/// <summary>An edit was asked for.</summary>
/// <param name="By">Who asked, and why; the author of the edit.</param>
/// <param name="Key">The edit's idempotency key, from which the job's id derives: of a bulk file's record the one that a bulk run has for it.</param>
[EventName("edit-queued.v1")]
public sealed record EditQueued(JobId Job, int Attempt, TimelineId Timeline, EditRequest Request, Variant Variant, Provenance By, string Key) : JobQueued(Job, Attempt);

/// <summary>A replay was asked for; as <see cref="ReplayStarted"/>, before it has a timeline.</summary>
/// <param name="As">The new timeline's name.</param>
/// <param name="From">The first revision that is replayed.</param>
/// <param name="Gate">The policy that judges, <c>off</c>, or null where the gate is not asked.</param>
[EventName("replay-queued.v1")]
public sealed record ReplayQueued(
    JobId Job, int Attempt, string As, TimelineId Source, long From, long To, ReplayMode Mode, Variant? Variant, ImmutableArray<EditId> Without, ImmutableArray<EditId> Order, string? Gate,
    bool OutcomesAsRecorded, string Purpose, string Author) : JobQueued(Job, Attempt)
{
    public bool Equals(ReplayQueued? other) =>
        other is not null && base.Equals(other) && As == other.As && Source == other.Source && From == other.From && To == other.To && Mode == other.Mode && Variant == other.Variant
        && Without.SequenceEqual(other.Without) && Order.SequenceEqual(other.Order) && Gate == other.Gate && OutcomesAsRecorded == other.OutcomesAsRecorded && Purpose == other.Purpose && Author == other.Author;

    public override int GetHashCode() => HashCode.Combine(base.GetHashCode(), As, Source, From, To, Mode);
}

/// <summary>A file that a job needs, which whoever does it must have: its name without a folder, and its bytes' SHA-256.</summary>
public sealed record DataFile(string Name, Digest Digest);

/// <summary>A measurement of a revision was asked for.</summary>
/// <param name="Records">A file of facts.</param>
/// <param name="Format">Its form, where it was named.</param>
/// <param name="First">Only so many of its records.</param>
/// <param name="Generations">Generate about them, too.</param>
/// <param name="Texts">Files of texts for perplexity.</param>
/// <param name="Downstream">Files of tasks.</param>
/// <param name="Retention">Score the facts of the edits in effect.</param>
/// <param name="Seed">Of the generations.</param>
[EventName("evaluation-queued.v1")]
public sealed record EvaluationQueued(
    JobId Job, int Attempt, TimelineId Timeline, long Revision, DataFile? Records, string? Format, int? First, bool Generations, ImmutableArray<DataFile> Texts, ImmutableArray<DataFile> Downstream,
    bool Retention, long Seed, string Author) : JobQueued(Job, Attempt)
{
    public bool Equals(EvaluationQueued? other) =>
        other is not null && base.Equals(other) && Timeline == other.Timeline && Revision == other.Revision && Records == other.Records && Format == other.Format && First == other.First
        && Generations == other.Generations && Texts.SequenceEqual(other.Texts) && Downstream.SequenceEqual(other.Downstream) && Retention == other.Retention && Seed == other.Seed && Author == other.Author;

    public override int GetHashCode() => HashCode.Combine(base.GetHashCode(), Timeline, Revision, Records);
}

/// <summary>An attempt is over; what is recorded first is what came of it.</summary>
public abstract record JobSettled : JobEvent
{
    private protected JobSettled(JobId job, int attempt, string worker) : base(job, attempt) => Worker = worker;

    /// <summary>Who says so.</summary>
    [JsonPropertyOrder(-1)]
    public string Worker { get; init; }
}

/// <summary>The job is done, and what it made is in the ledger.</summary>
/// <param name="Revision">The revision an edit made, a replay ended with, or that was measured.</param>
/// <param name="Edit">The edit it made.</param>
/// <param name="Result">In words.</param>
[EventName("job-done.v1")]
public sealed record JobDone(JobId Job, int Attempt, string Worker, TimelineId Timeline, long Revision, EditId? Edit, string Result) : JobSettled(Job, Attempt, Worker);

/// <summary>The job was put aside: no worker is given it again until somebody queues it anew.</summary>
[EventName("job-parked.v1")]
public sealed record JobParked(JobId Job, int Attempt, string Worker, string Reason) : JobSettled(Job, Attempt, Worker);
