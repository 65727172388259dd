using Ledger.Domain.Gate;
using Ledger.Host.Features.Past;

namespace Ledger.Host.Features.Watching;

/// <summary>What the stream rules saw and did; the stable fields of <c>watch --json</c>.</summary>
/// <param name="Revision">Where the last look was, after what was withheld.</param>
/// <param name="Recorded">False for a dry run.</param>
/// <param name="Before">True where all of it had been recorded before, and nothing was measured.</param>
/// <param name="Content">Whether no rule that may withhold is exceeded any more.</param>
/// <param name="Findings">Of the last look.</param>
/// <param name="Withheld">In order.</param>
/// <param name="Standing">Suspects that were left alone, because a person had released them.</param>
public sealed record WatchReport(
    string Timeline, long Revision, string Policy, bool Recorded, bool Before, bool Content, IReadOnlyList<Finding> Findings, IReadOnlyList<WatchReport.Stop> Withheld, IReadOnlyList<WatchReport.Stand> Standing)
{
    /// <param name="Revision">The revision that withheld it; with a dry run the present one.</param>
    /// <param name="Value">The rule's figure before.</param>
    /// <param name="Without">After.</param>
    public sealed record Stop(NamedEdit Edit, long Revision, string Rule, double Value, double Without, double Threshold);

    /// <param name="By">Who released it.</param>
    /// <param name="Without">What the rule's figure would be without it; null where it was found by an earlier look, which records the edit alone.</param>
    public sealed record Stand(NamedEdit Edit, string Rule, string By, double? Without);
}

/// <summary>A long search goes on.</summary>
/// <param name="Measured">States that were measured so far.</param>
/// <param name="AtMost">How many there may be for this rule.</param>
public readonly record struct WatchStep(string Rule, int Measured, int AtMost);
