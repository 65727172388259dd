using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Gate;
using Ledger.Domain.Ports;
using Ledger.Projections.Evaluation;

namespace Ledger.Host.Sessions;

/// <summary>Runs a policy's probe through the weights that a bench runs with, and once through the base.</summary>
public sealed class Probes(Workbench bench)
{
    private (GateProbe Probe, double Perplexity)? atBase;

    /// <summary>What the policy's rules over single edits ask for, of the weights with the edit on trial; nothing where they ask for none.</summary>
    public ImmutableArray<ProbeReading> Of(GatePolicy policy, EditRequest request, CancellationToken token)
    {
        if (policy.Probe is not { } probe) return [];
        var readings = ImmutableArray.CreateBuilder<ProbeReading>();
        if (policy.Rules.Any(r => r.Rule == Rules.Perplexity)) readings.Add(Perplexity(probe, token));
        if (policy.Rules.Any(r => r.Rule == Rules.Entropy))
            readings.Add(new ProbeReading(Rules.Entropy, bench.OnBase(() => Entropy(probe, request, token)), Entropy(probe, request, token)));
        return readings.ToImmutable();
    }

    /// <summary>The perplexity of the probe's texts; NaN where the weights give no numbers.</summary>
    /// <exception cref="LedgerException">A text exceeds the model's context, or no text has a token to predict.</exception>
    public ProbeReading Perplexity(GateProbe probe, CancellationToken token)
    {
        if (atBase?.Probe != probe) atBase = (probe, bench.OnBase(() => bench.Editor.Perplexity(probe.Texts, token)));
        return new ProbeReading(Rules.Perplexity, atBase!.Value.Perplexity, TextLikelihood.Perplexity(bench.Editor.Likelihoods(probe.Texts, token)));
    }

    /// <summary>Runs a policy's probe once through a model as published: a probe that does not fit the model would fail every edit.</summary>
    /// <returns>The base's perplexity; null where the policy does not ask for any.</returns>
    /// <exception cref="LedgerException">A text or the generations exceed the model's context, or no text has a token to predict.</exception>
    public static double? Check(IModelEditor model, GatePolicy policy, CancellationToken token)
    {
        if (policy.Probe is not { } probe) return null;
        if (policy.Rules.Any(r => r.Rule == Rules.Entropy)) model.Sample(["The"], probe.Tokens, GateProbe.TopK, probe.Seed, token);
        return probe.Texts.IsEmpty ? null : model.Perplexity(probe.Texts, token);
    }

    private double Entropy(GateProbe probe, EditRequest request, CancellationToken token) =>
        TextEntropy.Normalised(bench.Editor.Sample([.. Enumerable.Repeat(request.Text, GateProbe.Generations)], probe.Tokens, GateProbe.TopK, probe.Seed, token));
}
