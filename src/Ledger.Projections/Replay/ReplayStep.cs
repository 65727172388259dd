using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Projections.Timelines;

namespace Ledger.Projections.Replay;

/// <summary>One thing of a history that a replay does again; it becomes one event of the new timeline, or none where there is nothing to do.</summary>
/// <param name="Revision">Where the source has it.</param>
/// <param name="Edit">The source's edit.</param>
public abstract record ReplayStep(long Revision, EditId Edit)
{
    /// <summary>The edit gets factors: it is made, or let in after it was stopped.</summary>
    /// <param name="Making">The factors that went in at the source, with the v_e they were made from.</param>
    public abstract record Factored(long Revision, EditId Edit, Making Making) : ReplayStep(Revision, Edit);

    /// <summary>The edit is made again.</summary>
    /// <param name="Record">As the source has it.</param>
    /// <param name="Outcome">What became of it there.</param>
    public sealed record Make(long Revision, EditRecord Record, Making Making, Outcome Outcome) : Factored(Revision, Record.Edit, Making);

    /// <param name="Mode">How its factors were found there.</param>
    /// <param name="Signals">Sizes of those factors.</param>
    public sealed record Release(long Revision, EditId Edit, Making Making, ReleaseMode Mode, Signals Signals, Verdict Verdict, string Reason) : Factored(Revision, Edit, Making);

    public sealed record Revert(long Revision, EditId Edit, string Reason) : ReplayStep(Revision, Edit);

    public sealed record Reinstate(long Revision, EditId Edit, string Reason) : ReplayStep(Revision, Edit);

    public sealed record Withhold(long Revision, EditId Edit, string Reason, ImmutableArray<Finding> Findings) : ReplayStep(Revision, Edit);

    public sealed record Dismiss(long Revision, EditId Edit, string Reason) : ReplayStep(Revision, Edit);
}
