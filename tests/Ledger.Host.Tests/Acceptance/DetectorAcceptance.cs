using System.Globalization;
using Ledger.Domain.Editing;
using Ledger.Domain.Gate;
using Ledger.Domain.Ports;
using Ledger.Host.Features.Bulk;
using Ledger.Host.Features.Evaluating;
using Ledger.Host.Sessions;
using Ledger.TestKit;
using Microsoft.Extensions.DependencyInjection;

namespace Ledger.Host.Tests.Acceptance;

/// <summary>
/// Does the gate know a disabling edit from its signals? Requests drawn at random, and the most suspicious ones of many whose keys were looked at: those with the least k_v·u / k_u·u under ROME, and of the rest those with the
/// largest ‖m₀‖ / |k_v·u|. Each is edited alone on the base; the truth is perplexity, more than doubled. Bounds come from one half and are held to the other. What was found stands in files of lines and is not asked again.
/// </summary>
[Collection(RealModel.Name)]
public sealed class DetectorAcceptance(MeasuredLedger measured)
{
    private const int Seed = 20261126, ScannedForEach = 15, FewTexts = 3;
    private const double Collapsed = 2, Lowest = 0.02, Largest = 0.25;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Bounds_from_one_half_of_single_edits_stop_those_of_the_other_half_that_break_the_model()
    {
        var count = RealLedgers.Count(inCi: 1);
        var ledgers = await RealLedgers.OpenAsync(measured, "detector", "observe", "smollm2");
        await using var services = Wiring.Build(TimeProvider.System, "cpu");
        var paths = new LedgerPaths(ledgers["smollm2.ledger"]);
        await using var session = await services.GetRequiredService<LedgerSessions>().OpenAsync(paths, Token);
        var c = services.GetRequiredService<Func<LedgerPaths, IKeyStatisticsStore>>()(paths).Load(session.Setup.RequireStatistics());
        using var bench = Workbench.Load(session, services.GetRequiredService<IModelLibrary>(), services.GetRequiredService<BaseGuard>(), null, Token);
        using var file = BulkFile.Open(Shared.RequireShared("data", "counterfact", "counterfact_requests.jsonl"), null);
        EditRequest[] requests = [.. file.Records().Select(r => r.Edit!.Request)];
        var drawn = Enumerable.Range(0, requests.Length).ToArray();
        new Random(Seed).Shuffle(drawn);

        var scan = Scan(new LineFile<Scanned>(ledgers["scan.jsonl"]), bench.Editor, session.Setup.RequireTemplates(), c, requests, drawn[..(ScannedForEach * count)]);
        var chosen = Choose(scan, count).ToArray();
        // What a processor of CI can do while somebody waits.
        if (count == 1) chosen = chosen[^1..];
        var texts = TextFile.Read(Shared.RequireShared("data", "text", "me_ppl_50.json")).Texts;
        var edits = Edit(
            new LineFile<Edited>(ledgers["edits.jsonl"]), bench.Editor, new EditTrials(bench.Editor, session.Setup.RequireTemplates(), c), session.Setup.Base.Hyperparameters, requests, chosen, count == 1 ? texts[..FewTexts] : texts);

        var cases = chosen.Zip(edits, (chosen, edit) => new Case(chosen.Part, chosen.Half, requests[edit.Index], edit)).ToArray();
        foreach (var (one, scanned) in cases.Zip(chosen)) (one.Edit.Of(Variant.Rome).KvU / one.Edit.Of(Variant.Rome).KuU).ShouldBe(scanned.Scanned.Ratio, 1e-3, one.Request.Subject);
        Print(cases);
        // The outlier rule needs its twenty in the first half.
        if (count < 2 * EditGate.OutlierNeeds) return;

        var policy = Calibrated([.. cases.Where(x => x.Half == 0)]);
        RealLedgers.Print($"bounds from the first half: {string.Join(", ", policy.Rules.Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.Rule} {r.Threshold:G3}")))}");
        Case[] test = [.. cases.Where(x => x.Half == 1)], accepted = [.. cases.Where(x => x.Half == 0 && x.Part == Part.Random)];
        foreach (var variant in VariantNames.All)
        {
            Matrix("calibrated", policy, variant, test, accepted);
            Matrix("default", GatePolicy.Default with { Rules = [.. GatePolicy.Default.Rules.Where(r => Rules.IsCollapse(r.Rule))] }, variant, test, accepted);
        }
        var (missed, alarms) = Matrix(null, policy, Variant.Rome, test, accepted);
        missed.Of.ShouldBeGreaterThan(0);
        missed.Count.ShouldBeLessThanOrEqualTo(1);
        (alarms.Count / (double)alarms.Of).ShouldBeLessThanOrEqualTo(0.02);
    }

    private enum Part { Random, LowRatio, LargeChange }

    /// <param name="Ratio">k_o·ū / k̄·ū.</param>
    /// <param name="Size">‖m₀‖ / |k_o·ū|, which bounds |Δ| under ROME but for δ's clamp.</param>
    private sealed record Scanned(int Index, double Ratio, double Size);

    private sealed record EditedVariant(Variant Variant, double AbsDelta, double KuU, double KvU, double Perplexity);

    private sealed record Edited(int Index, double Base, EditedVariant[] Variants)
    {
        public EditedVariant Of(Variant variant) => Variants.Single(v => v.Variant == variant);

        public bool IsCollapsed(Variant variant) => !(Of(variant).Perplexity <= Collapsed * Base);
    }

    private sealed record Chosen(Part Part, int Half, Scanned Scanned);

    private sealed record Case(Part Part, int Half, EditRequest Request, Edited Edit);

    private static List<Scanned> Scan(LineFile<Scanned> file, IModelEditor editor, ContextTemplates templates, IKeyMoment c, EditRequest[] requests, int[] indices)
    {
        var known = file.Read().ToDictionary(s => s.Index);
        var (started, before) = (TimeProvider.System.GetTimestamp(), known.Count);
        foreach (var index in indices.Where(i => !known.ContainsKey(i)))
        {
            var keys = editor.Keys(requests[index], templates, Token);
            var u = c.Direction(keys.KBar);
            known[index] = new Scanned(index, keys.KO.Dot(u) / keys.KBar.Dot(u), keys.M0.Norm() / Math.Abs(keys.KO.Dot(u)));
            file.Append(known[index]);
        }
        RealLedgers.Print(string.Create(CultureInfo.InvariantCulture, $"{indices.Length} requests scanned, seed {Seed}; {known.Count - before} of them now, in {TimeProvider.System.GetElapsedTime(started).TotalSeconds:0} s"));
        return [.. indices.Select(i => known[i])];
    }

    /// <summary>Every second one of each part is in the second half.</summary>
    private static IEnumerable<Chosen> Choose(List<Scanned> scan, int count)
    {
        Scanned[] random = [.. scan.Take(count)];
        Scanned[] low = [.. scan.OrderBy(s => s.Ratio).Take((int)Math.Ceiling(Lowest * scan.Count)).Except(random)];
        Scanned[] large = [.. scan.Except(random).Except(low).OrderByDescending(s => s.Size).Take((int)(Largest * count))];
        return new[] { (Part.Random, random), (Part.LowRatio, low), (Part.LargeChange, large) }.SelectMany(p => p.Item2.Select((s, i) => new Chosen(p.Item1, i % 2, s)));
    }

    private static List<Edited> Edit(LineFile<Edited> file, IModelEditor editor, EditTrials trials, Hyperparameters h, EditRequest[] requests, Chosen[] chosen, IReadOnlyList<string> texts)
    {
        var known = file.Read().ToDictionary(e => e.Index);
        double? atBase = null;
        foreach (var index in chosen.Select(x => x.Scanned.Index).Where(i => !known.ContainsKey(i)))
        {
            atBase ??= Perplexity();
            var x = trials.Compute(requests[index], h, Token);
            known[index] = new Edited(index, atBase.Value, [.. VariantNames.All.Select(v => Factors.Of(v, x)).Select(f => new EditedVariant(f.Variant, f.AbsDelta, f.KuU, f.KvU, trials.With(f.Delta, Perplexity, Token)))]);
            file.Append(known[index]);
        }
        return [.. chosen.Select(x => known[x.Scanned.Index])];

        // NaN where the weights give none.
        double Perplexity() => TextLikelihood.Perplexity(editor.Likelihoods(texts, Token));
    }

    private static void Print(Case[] cases)
    {
        RealLedgers.Print($"{cases.Length} edited alone, base perplexity {cases[0].Edit.Base.ToString("0.0", CultureInfo.InvariantCulture)}: |Δ| and perplexity as rome, r-rome, p-rome");
        foreach (var x in cases)
        {
            var rome = x.Edit.Of(Variant.Rome);
            RealLedgers.Print(string.Create(CultureInfo.InvariantCulture,
                $"  {x.Part,-11} {x.Half} {x.Request.Subject,-36} k·u ratio {rome.KvU / rome.KuU,7:0.0000}  {string.Join("  ", x.Edit.Variants.Select(v => $"{v.AbsDelta:0.0e-0} {v.Perplexity,8:0.0}"))}{(x.Edit.IsCollapsed(Variant.Rome) ? "  collapsed" : "")}"));
        }
    }

    /// <summary>
    /// For each rule a bound in the middle, by logarithm, between what all but one in a hundred of the harmless ROME edits drawn at random keep under and the mildest that collapsed. Where these overlap the first: other rules
    /// may catch what this one does not.
    /// </summary>
    private static GatePolicy Calibrated(Case[] half)
    {
        var random = half.Where(x => x.Part == Part.Random).ToArray();
        return GatePolicy.Default with { Name = "calibrated", Rules = [Rule(Rules.KeyAsymmetry), Rule(Rules.VariantRatio), Rule(Rules.Outlier)] };

        GateRule Rule(string rule)
        {
            double[] harmless = [.. random.Where(x => !x.Edit.IsCollapsed(Variant.Rome)).Select(Badness).Order()], collapsed = [.. half.Where(x => x.Edit.IsCollapsed(Variant.Rome)).Select(Badness).Order()];
            double low = harmless[(int)Math.Ceiling(0.99 * harmless.Length) - 1], high = collapsed.Length > 0 ? collapsed[0] : double.PositiveInfinity;
            var bound = !(high > low) || !double.IsFinite(high) ? low : rule == Rules.Outlier ? (low + high) / 2 : Math.Sqrt(low * high);
            return new GateRule(rule, rule == Rules.KeyAsymmetry ? 1 / bound : bound, GateAction.Quarantine);

            // What the rule compares, turned so that more is worse; it is a logarithm already where it counts deviations.
            double Badness(Case x) => Judge(GatePolicy.Default with { Rules = [new GateRule(rule, 1, GateAction.Observe)] }, Variant.Rome, x, random).Findings.Single(f => f.Rule == rule).Value!.Value is var value && rule != Rules.KeyAsymmetry ? value
                : value > 0 ? 1 / value : double.PositiveInfinity;
        }
    }

    private static Verdict Judge(GatePolicy policy, Variant variant, Case x, Case[] accepted)
    {
        var signals = new Signals(variant, [.. x.Edit.Variants.Select(v => new VariantSignals(v.Variant, v.AbsDelta, double.NaN, v.KuU, v.KvU))], double.NaN, double.NaN, [], null, null, []);
        // The factors themselves are not kept; they were finite, or there would be no perplexity.
        var delta = new RankOneDelta(Ledger.Domain.Float32Vector.Create(1, r => r[0] = 1), Ledger.Domain.Float32Vector.Create(1, u => u[0] = 1));
        return EditGate.Judge(policy, signals, delta, [.. accepted.Select(a => a.Edit.Of(variant).AbsDelta)]);
    }

    /// <param name="name">Null to print nothing.</param>
    private static (Proportion Missed, Proportion FalseAlarms) Matrix(string? name, GatePolicy policy, Variant variant, Case[] test, Case[] accepted)
    {
        var judged = test.Select(x => (x.Part, x.Request.Subject, Collapsed: x.Edit.IsCollapsed(variant), Stopped: Judge(policy, variant, x, accepted).Outcome != Outcome.Applied)).ToArray();
        Proportion Of(Func<(Part Part, string Subject, bool Collapsed, bool Stopped), bool> among, bool stopped) => new(judged.Count(j => among(j) && j.Stopped == stopped), judged.Count(among));
        var (missed, alarms) = (Of(j => j.Collapsed, stopped: false), Of(j => !j.Collapsed && j.Part == Part.Random, stopped: true));
        if (name is null) return (missed, alarms);
        RealLedgers.Print($"{variant.Name()}, {name} bounds, the second half:");
        RealLedgers.Print($"  {"",-24} {"stopped",9} {"let in",9}");
        foreach (var (what, among) in new (string, Func<(Part Part, string Subject, bool Collapsed, bool Stopped), bool>)[]
            { ("perplexity > 2 ×", j => j.Collapsed), ("harmless, random", j => !j.Collapsed && j.Part == Part.Random), ("harmless, suspicious", j => !j.Collapsed && j.Part != Part.Random) })
            RealLedgers.Print($"  {what,-24} {judged.Count(j => among(j) && j.Stopped),9} {judged.Count(j => among(j) && !j.Stopped),9}");
        RealLedgers.Print($"  missed {missed}; false alarms on the random part {alarms}{string.Concat(judged.Where(j => j.Collapsed && !j.Stopped).Select(j => $"; missed: {j.Subject}"))}");
        return (missed, alarms);
    }
}
