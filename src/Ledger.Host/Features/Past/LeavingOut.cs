using Ledger.Domain.Ports;
using Ledger.Host.Sessions;
using Ledger.Projections.Timelines;

namespace Ledger.Host.Features.Past;

/// <summary>What is said to a prompt at a state, and what without one of its edits: the fold leaves it out, and the model runs.</summary>
internal sealed class LeavingOut(Workbench bench, IReadOnlyList<EffectiveEdit> edits, string prompt, IProgress<BlameEdits.Step>? progress)
{
    private const int Tokens = 12;

    /// <summary>So many tokens of what is said are the answer; behind it a model goes on about other things, which other edits change.</summary>
    private const int AnswerTokens = 4;

    /// <summary>The first suspects, each confirmed or not, before the others.</summary>
    public BlameEdits.Result Confirm(BlameEdits.Result result, int count, CancellationToken token)
    {
        var said = Said(edits, token);
        var answer = said with { Ids = [.. said.Ids.Take(AnswerTokens)] };
        var now = Reply(said, answer, token);
        var atBase = Reply(Said([], token), answer, token);
        var total = 2 + Math.Min(count, result.Suspects.Count);
        var first = new List<BlameEdits.Suspect>();
        foreach (var suspect in result.Suspects.Take(count))
        {
            progress?.Report(new BlameEdits.Step(2 + first.Count, total));
            first.Add(Without(suspect, now, answer, token));
        }
        return result with { Base = atBase, Now = now, Suspects = [.. first.OrderByDescending(s => s.Fall).ThenByDescending(s => s.Moves), .. result.Suspects.Skip(count)] };
    }

    private BlameEdits.Suspect Without(BlameEdits.Suspect suspect, BlameEdits.Reply now, Continuation answer, CancellationToken token)
    {
        var said = Said([.. edits.Where(e => e.Edit != suspect.Edit.Id)], token);
        var reply = Reply(said, answer, token);
        return suspect with { Without = reply, Fall = reply.N - now.N, Changes = !said.Ids.Take(AnswerTokens).SequenceEqual(answer.Ids) };
    }

    private Continuation Said(IReadOnlyList<EffectiveEdit> inEffect, CancellationToken token)
    {
        bench.Install([.. inEffect.Select(e => e.Delta)], token);
        return bench.Editor.Greedy(prompt, Tokens, token);
    }

    private BlameEdits.Reply Reply(Continuation said, Continuation answer, CancellationToken token) => new(said.Text, bench.Editor.Score(prompt, answer, token));
}
