using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Domain.Ports;
using Ledger.Host.Features.Past;
using Ledger.Host.Sessions;
using Ledger.Projections.Analysis;
using Ledger.Projections.Replay;
using Ledger.Projections.Timelines;
using MediatR;

namespace Ledger.Host.Features;

/// <summary>What waits for a decision, with what is needed to make it.</summary>
public static class ReviewEdits
{
    /// <summary>So many edits in effect are named that a release would move most.</summary>
    private const int MostMoved = 3;

    /// <summary>Tokens of an answer.</summary>
    private const int AnswerTokens = 12;

    /// <param name="Edit">Only this one, as a person named it; null for all.</param>
    /// <param name="Try">Run the model with each release on trial.</param>
    public sealed record Request(LedgerPaths Ledger, string Timeline, string? Edit, bool Try, string? Model) : IRequest<Result>;

    public sealed record Result(string Timeline, long Revision, IReadOnlyList<Waiting> Waiting);

    /// <param name="Revision">The revision that stopped it here.</param>
    /// <param name="Variant">The variant it has.</param>
    /// <param name="Signals">As it was computed.</param>
    /// <param name="Why">The findings that stopped it; empty where a person did.</param>
    /// <param name="Reason">Why, in the words of who did it; null where the gate alone did.</param>
    /// <param name="Author">Whose edit it is.</param>
    /// <param name="Wanted">Why they wanted it, in their words.</param>
    /// <param name="StoppedBy">Who made the revision that stopped it: its author where the gate did, <c>policy:name@version</c> where a stream rule did.</param>
    /// <param name="Median">Median |Δ| of the timeline's accepted edits of its variant; null when there are none.</param>
    /// <param name="Now">What the timeline as it is makes of the prompt; null without a trial.</param>
    /// <param name="Releases">What a release now would be, under each variant.</param>
    public sealed record Waiting(
        long Revision, EditId Edit, Variant Variant, EditRequest Request, Signals Signals, IReadOnlyList<Finding> Why, string? Reason, string Author, string? Wanted, string StoppedBy, DateTimeOffset Time,
        double? Median, Sight? Now, IReadOnlyList<Release> Releases);

    /// <summary>A release under a variant with <c>--mode values</c>: factors for the state as it is now, from the recorded keys and v_e.</summary>
    /// <param name="Caught">What the gate would say of it.</param>
    /// <param name="Moves">The edits in effect that it would move most, in units of what they wrote.</param>
    /// <param name="With">What the model makes of the prompt with it; null without a trial, and where the factors are not finite.</param>
    public sealed record Release(Variant Variant, double AbsDelta, double KeyRatio, IReadOnlyList<Finding> Caught, IReadOnlyList<Moved> Moves, Sight? With);

    public sealed record Moved(NamedEdit Edit, double Interference);

    /// <param name="N">Mean −ln p a token of the target after the plain prompt.</param>
    /// <param name="Answer">What is said there, greedily.</param>
    /// <param name="Perplexity">Of the policy's probe, where it has one with texts.</param>
    public sealed record Sight(double N, string Answer, ProbeReading? Perplexity);

    public sealed class Handler(LedgerSessions sessions, IModelLibrary library, BaseGuard guard) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var history = await session.HistoryAsync(request.Timeline, token);
            var entries = history.Timeline.Edits.Values.Where(e => e.Status == EditStatus.Quarantined).OrderBy(e => e.Revision).ThenBy(e => e.Edit.Value).ToList();
            if (request.Edit is { } named)
            {
                var entry = history.Timeline.Known(await session.FindEditAsync(history, named, token));
                if (entry.Status != EditStatus.Quarantined) throw new EditStatusException(entry.Edit, entry.Status, "reviewed", EditStatus.Quarantined);
                entries = [entry];
            }
            using var bench = request.Try && entries.Count > 0 ? Workbench.Load(session, library, guard, request.Model, token) : null;
            bench?.Install(history, token);
            var last = history.Rows.SelectMany(r => r.Edits, (r, e) => (Row: r, Edit: e)).ToLookup(x => x.Edit, x => x.Row);
            var look = new Looking(session.Setup.Policy, history, bench);
            return new Result(history.Name, history.Timeline.Revision, [.. entries.Select(e => look.At(e, last[e.Edit].Last(), token))]);
        }
    }

    private sealed class Looking(GatePolicy policy, TimelineHistory history, Workbench? bench)
    {
        private readonly ImmutableArray<EffectiveEdit> inEffect = history.EditsInEffect();

        public Waiting At(EditEntry entry, RevisionRow row, CancellationToken token)
        {
            var record = history.Record(entry.Edit);
            var (why, reason) = row.Event switch
            {
                EditWithheld x => (x.Findings, x.Reason),
                // Stopped here by the gate, or as it stood at the source.
                EditsTaken x when x.Edits.First(t => t.Edit == record.Edit).Caught is { IsEmpty: false } caught => (caught, x.Reason),
                EditsTaken x => ([.. record.Verdict.Stops], x.Reason),
                _ => ([.. record.Verdict.Stops], null),
            };
            var (by, metadata) = (record.Provenance, row.Envelope.Metadata);
            return new Waiting(
                row.Revision, record.Edit, entry.Variant, record.Request, record.Signals, why, reason, by.Author, by.Reason, metadata.Actor, metadata.Time, Medians.Of(history.Timeline, entry.Variant, record.Edit),
                bench is null ? null : See(record.Request, token), [.. VariantNames.All.Select(v => Released(record, v, token))]);
        }

        /// <summary>As <c>review release --mode values</c> would make it.</summary>
        private Release Released(EditRecord record, Variant variant, CancellationToken token)
        {
            var vE = history.Present(record.Edit).Solution.VE;
            var (factors, m0, outKBar) = Rederive.Values(record.Keys, vE, variant, [.. inEffect.Select(e => e.Delta)]);
            var signals = record.Signals.OnState(variant, record.Keys, vE, m0, outKBar);
            var finite = factors.Delta.IsFinite();
            Sight? with = null;
            if (bench is not null && finite)
            {
                using var candidate = bench.Try(factors.Delta, token);
                with = See(record.Request, token);
                signals = signals with { Target = new TargetScore(record.Signals.Target?.Before ?? with.N, with.N), Probes = with.Perplexity is { } reading ? [reading] : [] };
            }
            var effective = new EffectiveEdit(record.Edit, record.Edit, record.Request, record.Keys, vE, variant, factors.Delta);
            var moves = finite ? Interference.Largest([effective], inEffect, 0, MostMoved, token) : [];
            return new Release(
                variant, signals.Own.AbsDelta, signals.Own.KvU / signals.Own.KuU, [.. EditGate.Judge(policy, signals, factors.Delta, history.Timeline.AcceptedAbsDeltas(variant)).Caught],
                [.. moves.Select(m => new Moved(NamedEdit.Of(history, m.On), m.Value))], with);
        }

        private Sight See(EditRequest request, CancellationToken token)
        {
            var n = bench!.Editor.Score([(request.Text, request.Target)], token)[0];
            return new Sight(n, bench.Editor.Continue(request.Text, AnswerTokens, token), policy.Probe is { Texts.IsEmpty: false } probe ? bench.Probes.Perplexity(probe, token) : null);
        }
    }
}
