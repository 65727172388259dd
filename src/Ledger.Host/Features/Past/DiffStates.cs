using System.Text.Json.Serialization;
using Ledger.Domain;
using Ledger.Domain.Ports;
using Ledger.Host.Features.Replaying;
using Ledger.Host.Sessions;
using Ledger.Projections.Analysis;
using Ledger.Projections.Timelines;
using MediatR;

namespace Ledger.Host.Features.Past;

/// <summary>What two revisions have in common and what not: from events alone, but for the answers.</summary>
public static class DiffStates
{
    /// <summary>So many prompts of edits that differ are asked; of a file, all.</summary>
    private const int MostPrompts = 50;

    private const int Tokens = 8;

    /// <param name="Answers">Whether the model is asked.</param>
    /// <param name="Prompts">What it is asked; null for the prompts of the edits that differ.</param>
    public sealed record Request(LedgerPaths Ledger, string? Model, RevisionName A, RevisionName B, bool Answers, IReadOnlyList<string>? Prompts, IProgress<Step>? Progress) : IRequest<Result>;

    /// <summary>A prompt was answered by the base or by one of the two.</summary>
    public readonly record struct Step(int Done, int Total);

    /// <summary>The stable fields of <c>diff --json</c>.</summary>
    /// <param name="Same">How many edits of both have the same factors.</param>
    /// <param name="Reordered">Whether those took effect in another order: the sums are the same, their last bits need not be.</param>
    /// <param name="Distance">‖W_a − W_b‖_F.</param>
    /// <param name="AbsDelta">The same / numel(W).</param>
    /// <param name="Answers">Null where nothing was asked.</param>
    public sealed record Result(
        Side A, Side B, int Same, bool Reordered, double Distance, double AbsDelta,
        IReadOnlyList<NamedEdit> OnlyA, IReadOnlyList<NamedEdit> OnlyB, IReadOnlyList<Change> Changed, AskedBoth? Answers);

    /// <param name="Fingerprint">Null where no event recorded one of this state.</param>
    /// <param name="FromBase">‖W − W₀‖_F.</param>
    public sealed record Side(string Timeline, long Revision, int InEffect, StateId State, Digest? Fingerprint, double FromBase);

    /// <summary>One edit with other factors, or two about one fact.</summary>
    public sealed record Change(NamedEdit A, NamedEdit B, Sameness Same);

    /// <param name="Asked">How many prompts.</param>
    /// <param name="Left">How many more prompts of edits that differ there were.</param>
    /// <param name="Differ">Those with another answer on one side than on the other.</param>
    public sealed record AskedBoth(int Asked, int Left, IReadOnlyList<Answered> Differ);

    /// <summary>Greedy continuations.</summary>
    public sealed record Answered(string Prompt, string Base, string A, string B);

    public sealed class Handler(LedgerSessions sessions, IModelLibrary library, BaseGuard guard) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var (a, b) = (await session.AtAsync(request.A, token), await session.AtAsync(request.B, token));
            var difference = StateDifference.Of(await RootedAsync(session, a, token), await RootedAsync(session, b, token), token);
            var (changed, onlyA, onlyB) = PairedByFact(difference);
            EffectiveEdit[] differing = [.. changed.SelectMany(c => new[] { c.Edits.A, c.Edits.B }), .. onlyA, .. onlyB];
            return new Result(
                await SideAsync(session, a, difference.FromBaseA, token), await SideAsync(session, b, difference.FromBaseB, token), difference.Same, difference.Reordered,
                difference.Distance, difference.Distance / session.Setup.Base.Matrix.Elements,
                [.. onlyA.Select(e => NamedEdit.Of(a, e.Edit))], [.. onlyB.Select(e => NamedEdit.Of(b, e.Edit))],
                [.. changed.Select(c => new Change(NamedEdit.Of(a, c.Edits.A.Edit), NamedEdit.Of(b, c.Edits.B.Edit), c.Same))],
                request.Answers ? Ask(session, request, a, b, differing, token) : null);
        }

        private AskedBoth Ask(LedgerSession session, Request request, TimelineHistory a, TimelineHistory b, IEnumerable<EffectiveEdit> differing, CancellationToken token)
        {
            var all = request.Prompts ?? [.. differing.Select(e => e.Request.Text).Distinct()];
            string[] prompts = [.. all.Take(request.Prompts is null ? MostPrompts : int.MaxValue)];
            var left = all.Count - prompts.Length;
            // Equal ids are equal weights, and equal weights say the same.
            if (prompts.Length == 0 || a.Timeline.State == b.Timeline.State) return new AskedBoth(prompts.Length, left, []);
            using var bench = Workbench.Load(session, library, guard, request.Model, token);
            var done = 0;
            var (atBase, atA, atB) = (Says(null), Says(a), Says(b));
            return new AskedBoth(prompts.Length, left, [.. Enumerable.Range(0, prompts.Length).Where(i => atA[i] != atB[i]).Select(i => new Answered(prompts[i], atBase[i], atA[i], atB[i]))]);

            string[] Says(TimelineHistory? history)
            {
                if (history is not null) bench.Install(history, token);
                return Array.ConvertAll(prompts, prompt =>
                {
                    request.Progress?.Report(new Step(done++, 3 * prompts.Length));
                    return bench.Editor.Continue(prompt, Tokens, token);
                });
            }
        }

        /// <summary>The edits in effect, each with the edit somebody asked for: a replay of a replay has the same.</summary>
        private static async Task<IReadOnlyList<EffectiveEdit>> RootedAsync(LedgerSession session, TimelineHistory history, CancellationToken token)
        {
            var lineage = await EditLineage.OfAsync(session, history, token);
            return [.. history.EditsInEffect().Select(e => e with { Root = lineage.Root(e.Edit) })];
        }

        /// <summary>Two edits that somebody asked for one by one, about one fact, are a change of it, not one thing less and one more.</summary>
        private static (List<(ChangedEdit Edits, Sameness Same)> Changed, List<EffectiveEdit> OnlyA, List<EffectiveEdit> OnlyB) PairedByFact(StateDifference difference)
        {
            var changed = difference.Changed.Select(c => (c, c.A.Edit == c.B.Edit ? Sameness.Edit : Sameness.Origin)).ToList();
            var (alone, waiting) = (new List<EffectiveEdit>(), difference.OnlyB.ToList());
            var index = new FactIndex(difference.OnlyB);
            foreach (var edit in difference.OnlyA)
            {
                if (index.About(edit.Request).FirstOrDefault(waiting.Contains) is not { } other) alone.Add(edit);
                else
                {
                    waiting.Remove(other);
                    changed.Add((new ChangedEdit(edit, other), Sameness.Fact));
                }
            }
            return (changed, alone, waiting);
        }

        private static async Task<Side> SideAsync(LedgerSession session, TimelineHistory history, double fromBase, CancellationToken token)
        {
            var now = history.Timeline;
            return new Side(history.Name, now.Revision, now.InEffect.Count, now.State, await session.RecordedFingerprintAsync(history, token), fromBase);
        }
    }
}

/// <summary>Why two edits count as the same.</summary>
public enum Sameness
{
    [JsonStringEnumMemberName("edit")] Edit,

    /// <summary>Replays made both from one edit.</summary>
    [JsonStringEnumMemberName("origin")] Origin,

    /// <summary>They are about one fact.</summary>
    [JsonStringEnumMemberName("fact")] Fact,
}
