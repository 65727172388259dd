using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Host.Sessions;
using Ledger.Projections.Timelines;

namespace Ledger.Host.Features.Comparing;

/// <summary>What the base and two states say to the same prompts: the edits' own, and those that were named.</summary>
internal sealed class AnswerComparison(Workbench bench, CompareRevisions.Request request)
{
    private const int Tokens = 12;

    public Comparison Run(Comparison comparison, TimelineHistory a, TimelineHistory b, CancellationToken token)
    {
        var requests = a.Records.Concat(b.Records).Select(r => r.Request).Distinct().ToList();
        var prompts = requests.Select(r => r.Text).Concat(request.Prompts).Distinct().ToList();
        var before = Of(0);
        bench.Install(a, token);
        var left = Of(1);
        bench.Install(b, token);
        var right = Of(2);
        return comparison with
        {
            Asked = prompts.Count,
            Answers = [.. prompts.Select((p, i) => new DifferentAnswer(p, before.Said[i], left.Said[i], right.Said[i])).Where(d => d.A != d.B)],
            A = comparison.A with { Fingerprint = left.Fingerprint, Efficacy = left.Efficacy, Generalisation = left.Generalisation, Perplexity = left.Perplexity },
            B = comparison.B with { Fingerprint = right.Fingerprint, Efficacy = right.Efficacy, Generalisation = right.Generalisation, Perplexity = right.Perplexity },
            BasePerplexity = before.Perplexity,
        };

        Measured Of(int state)
        {
            var said = new List<string>();
            foreach (var prompt in prompts)
            {
                said.Add(bench.Editor.Continue(prompt, Tokens, token));
                request.Progress?.Report(new CompareRevisions.Step(state * prompts.Count + said.Count, 3 * prompts.Count));
            }
            var told = requests.Where(r => r.TrueTarget is not null).ToList();
            return new Measured(
                said, bench.Fingerprint, Share([.. told.Select(r => (r.Text, r))], token), Share([.. told.SelectMany(r => r.Paraphrases.Select(p => (p, r)))], token),
                request.Text.Count > 0 ? bench.Editor.Perplexity(request.Text, token) : null);
        }
    }

    /// <summary>× 100: how often n(true) &gt; n(new) (docs/editing.md §6); null where there is nothing to score.</summary>
    private double? Share(IReadOnlyList<(string Prompt, EditRequest Request)> items, CancellationToken token)
    {
        if (items.Count == 0) return null;
        var n = bench.Editor.Score([.. items.Select(i => (i.Prompt, i.Request.Target)), .. items.Select(i => (i.Prompt, i.Request.TrueTarget!))], token);
        return 100.0 * Enumerable.Range(0, items.Count).Count(i => n[items.Count + i] > n[i]) / items.Count;
    }

    private sealed record Measured(List<string> Said, Digest Fingerprint, double? Efficacy, double? Generalisation, double? Perplexity);
}
