using System.Globalization;
using Ledger.Domain.Editing;
using Ledger.Domain.Gate;
using Ledger.Host.Sessions;
using Ledger.Projections.Analysis;
using Ledger.Projections.Timelines;

namespace Ledger.Host.Features.Watching;

/// <summary>A stream rule's figure: of all edits in effect, and of some of them in the same unit.</summary>
/// <param name="Of">Of some edits, in order of taking effect. With a model, it runs with just these afterwards.</param>
/// <param name="Value">Of all; null where the rule says nothing of so few.</param>
/// <param name="Says">All in words, without the verdict.</param>
/// <param name="Probe">What was read on the model, where it was asked.</param>
internal sealed record StreamFigure(StreamRule Rule, Func<IReadOnlyList<EffectiveEdit>, double> Of, double? Value, string Says, ProbeReading? Probe)
{
    public bool IsOver => Value is { } value && CollapseSearch.IsOver(value, Rule.Threshold);

    public Finding Finding => Value is null ? new Finding(Rule.Rule, null, Rule.Threshold, FindingResult.NotEvaluated, Says) : new Finding(
        Rule.Rule, Value, Rule.Threshold,
        !IsOver ? FindingResult.Passed : Rule.Action == GateAction.Observe ? FindingResult.Observed : FindingResult.Quarantine,
        $"{Says}, {(IsOver ? "over" : "not over")} {Number(Rule.Threshold)}");

    /// <param name="bench">Asked for by the rule that needs a model.</param>
    public static StreamFigure At(StreamRule rule, GatePolicy policy, IReadOnlyList<EffectiveEdit> edits, Func<Workbench> bench, CancellationToken token)
    {
        if (rule.Rule == StreamRules.ProbePerplexity) return Perplexity(rule, policy.Probe!, edits, bench(), token);
        var of = rule.Rule switch
        {
            StreamRules.CumulativeDistance => StreamMeasures.CumulativeDistance(edits, token),
            StreamRules.Drift => some => StreamMeasures.DriftOf(some, token),
            _ => throw new UnknownRuleException(rule.Rule),
        };
        if (edits.Count < StreamRules.Needs) return new StreamFigure(rule, of, null, $"{edits.Count} edits in effect, {StreamRules.Needs} needed", null);
        var value = of(edits);
        var says = rule.Rule == StreamRules.Drift
            ? $"one in ten edits in effect has a drift of {Number(value)} or more"
            : $"the weights are {Number(value)} × as far from the base as {edits.Count} unrelated edits of the median size go";
        return new StreamFigure(rule, of, value, says, null);
    }

    private static StreamFigure Perplexity(StreamRule rule, GateProbe probe, IReadOnlyList<EffectiveEdit> edits, Workbench bench, CancellationToken token)
    {
        var all = Read(edits);
        return new StreamFigure(rule, some => Ratio(Read(some)), Ratio(all), $"the probe's perplexity is {Number(all.Edited)}, {Number(Ratio(all))} × the base's {Number(all.Base)}", all);

        ProbeReading Read(IReadOnlyList<EffectiveEdit> some)
        {
            bench.Install([.. some.Select(e => e.Delta)], token);
            return bench.Probes.Perplexity(probe, token);
        }

        static double Ratio(ProbeReading reading) => reading.Edited / reading.Base;
    }

    private static string Number(double x) => x.ToString("G3", CultureInfo.InvariantCulture);
}
