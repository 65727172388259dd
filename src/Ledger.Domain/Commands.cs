using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;

namespace Ledger.Domain;

/// <summary>Open a ledger over a checkpoint.</summary>
/// <param name="Name">Letters, digits, dash, dot and underscore; it becomes a file name.</param>
/// <param name="ModelPath">A model folder or hub-cache folder.</param>
/// <param name="Layer">ℓ, from 0; null for the model's default.</param>
/// <param name="Seed">What the context templates are drawn from.</param>
/// <param name="Hyperparameters">How target values are searched for, for the whole life of the ledger.</param>
/// <param name="Author">Who opens it.</param>
public sealed record OpenLedger(string Name, string ModelPath, int? Layer, long Seed, Hyperparameters Hyperparameters, string Author);

/// <summary>Edit one fact.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Source">A URL or ticket.</param>
public sealed record ApplyEdit(EditRequest Request, Variant Variant, string Author, string? Reason, string? Source);

/// <summary>Start a timeline that leaves another one at a revision.</summary>
/// <param name="Name">Unique in the ledger, tags included.</param>
/// <param name="From">Where it leaves.</param>
/// <param name="Purpose">Why, in words.</param>
public sealed record StartBranch(string Name, RevisionName From, string? Purpose, string Author);

/// <summary>End a timeline: what it holds stays, nothing more is added.</summary>
/// <param name="Timeline">Its name, its id or the beginning of one.</param>
/// <param name="Reason">Why.</param>
public sealed record EndTimeline(string Timeline, string Reason, string Author);

/// <summary>Measure a revision and record it beside its timeline.</summary>
public sealed record MeasureRevision(RevisionName At, string Author);

/// <summary>Decide about an edit that is there: release, dismiss, revert, reinstate, withhold.</summary>
/// <param name="Edit">As the person named it: an id, a beginning of one, a revision.</param>
/// <param name="Reason">Why: a decision without one cannot be answered for.</param>
public sealed record DecideOnEdit(string Edit, string Author, string Reason);

/// <summary>Take over what another timeline has and this one lacks.</summary>
/// <param name="From">The other timeline, at a revision.</param>
/// <param name="Edits">Which of its edits, as the person named them; null for everything that is lacking.</param>
/// <param name="Mode"><see cref="ReplayMode.Factors"/> or <see cref="ReplayMode.Values"/>.</param>
/// <param name="Interference">Above this an edit is in conflict with one that it interferes with.</param>
/// <param name="Resolve">What to do with edits in conflict, as the person wrote it: <c>EDIT=theirs</c>, <c>all=skip</c>.</param>
public sealed record TakeEdits(RevisionName From, IReadOnlyList<string>? Edits, ReplayMode Mode, double Interference, IReadOnlyList<string> Resolve, string Author, string Reason);

/// <summary>From now on judge by another policy.</summary>
public sealed record SetGatePolicy(GatePolicy Policy, string Author);
