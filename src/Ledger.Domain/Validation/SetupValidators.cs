using System.Globalization;
using System.Text;
using FluentValidation;
using FluentValidation.Results;
using Ledger.Domain.Editing;
using Ledger.Domain.Gate;

namespace Ledger.Domain.Validation;

/// <summary>A ledger that can be opened, as far as can be told without looking at the model.</summary>
public sealed class OpenLedgerValidator : AbstractValidator<OpenLedger>
{
    public OpenLedgerValidator()
    {
        RuleFor(c => c.Name)
            .Must(n => n.Length is > 0 and <= 64 && n.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_') && char.IsAsciiLetterOrDigit(n[0]) && RevisionName.IsTidy(n))
            .WithMessage(c => $"\"{c.Name}\" cannot be a ledger's name.").Right(_ => "use letters, digits, dash and underscore, and single dots between them, at most 64 in all, beginning with a letter or digit");
        RuleFor(c => c.ModelPath).NotEmpty().WithMessage("no model is named.").Right(_ => "name its folder with --model");
        RuleFor(c => c.Layer).GreaterThanOrEqualTo(0).WithMessage("layer {PropertyValue} does not exist.").Right(_ => "layers are counted from 0");
        RuleFor(c => c.Author).Author();
        RuleFor(c => c.Hyperparameters).SetValidator(new HyperparametersValidator());
    }
}

/// <summary>Hyperparameters with which the search for v_e ends.</summary>
public sealed class HyperparametersValidator : AbstractValidator<Hyperparameters>
{
    public HyperparametersValidator()
    {
        RuleFor(h => h.LearningRate).Must(x => double.IsFinite(x) && x > 0).WithMessage("the learning rate {PropertyValue} is not a positive number.").Right(_ => "the published one is 0.5");
        RuleFor(h => h.Evaluations).InclusiveBetween(1, Hyperparameters.MaxEvaluations).WithMessage("{PropertyValue} evaluations cannot be made.").Right(_ => $"the published number is 20; from 1 to {Hyperparameters.MaxEvaluations}, each of which stands in the event");
        RuleFor(h => h.KlFactor).Must(NotNegative).WithMessage("the KL factor {PropertyValue} is not a number from 0 on.").Right(_ => "the published one is 0.0625");
        RuleFor(h => h.WeightDecay).Must(NotNegative).WithMessage("the weight decay {PropertyValue} is not a number from 0 on.").Right(_ => "the published one is 0.5");
        RuleFor(h => h.ClampFactor).Must(x => double.IsFinite(x) && x > 0).WithMessage("the clamp factor {PropertyValue} is not a positive number.").Right(_ => "the published one is 4");
        RuleFor(h => h.StopLoss).Must(NotNegative).WithMessage("the stop loss {PropertyValue} is not a number from 0 on.").Right(_ => "the published one is 0.05");
    }

    private static bool NotNegative(double x) => double.IsFinite(x) && x >= 0;
}

/// <summary>Templates a key can be averaged over.</summary>
public sealed class ContextTemplatesValidator : AbstractValidator<ContextTemplates>
{
    public ContextTemplatesValidator()
    {
        RuleFor(t => t.Texts).Must(t => t.Length > 0 && t[0] == EditRequest.Placeholder)
            .WithMessage("the first context template is not {}.").Right(_ => "put \"{}\" first: the plain prompt is one of the contexts");
        RuleForEach(t => t.Texts).Cascade(CascadeMode.Stop)
            .Must(t => t is not null && t.Split(EditRequest.Placeholder).Length == 2).WithMessage("context template {CollectionIndex}, \"{PropertyValue}\", does not hold exactly one {}.").Right(_ => "each template holds one {} for the prompt")
            .Must(t => t.IndexOf(EditRequest.Placeholder, StringComparison.Ordinal) is var at && (at == 0 || t[at - 1] == ' ')).WithMessage("no space stands before the {} of context template {CollectionIndex}.").Right(_ => "write \"… {}\"")
            .Unicode();
    }
}

/// <summary>A policy whose rules exist, once each, with bounds they can have and the probe they need.</summary>
public sealed class GatePolicyValidator : AbstractValidator<GatePolicy>
{
    public GatePolicyValidator()
    {
        RuleFor(p => p.Name)
            .Must(n => n.Length is > 0 and <= 64 && n.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')).WithMessage(p => $"\"{p.Name}\" cannot be a policy's name.")
            .Right(_ => "use letters, digits, dash, dot and underscore, at most 64");
        RuleFor(p => p.Name).Must(n => !n.EndsWith(GatePolicy.ObservedSuffix, StringComparison.Ordinal))
            .WithMessage(p => $"\"{p.Name}\" would be mistaken for what judges where the gate of {p.Name[..^GatePolicy.ObservedSuffix.Length]} is off.").Right(_ => $"give it a name that does not end in {GatePolicy.ObservedSuffix}");
        RuleFor(p => p.Version).GreaterThanOrEqualTo(1).WithMessage("the policy's version is {PropertyValue}.").Right(_ => "versions begin with 1");
        RuleFor(p => p.Rules).Custom((rules, context) => Once(context, "Rules", [.. rules.Select(r => (r.Rule, r.Threshold))]));
        RuleFor(p => p.Stream).Custom((rules, context) => Once(context, "Stream", [.. rules.Select(r => (r.Rule, r.Threshold))]));
        RuleForEach(p => p.Rules).SetValidator(new GateRuleValidator());
        RuleForEach(p => p.Stream).SetValidator(new StreamRuleValidator());
        RuleFor(p => p.Probe!).SetValidator(new GateProbeValidator()).When(p => p.Probe is not null);
        RuleFor(p => p.Probe).Must((p, probe) => probe is { Texts.IsEmpty: false } || !p.Rules.Any(r => r.Rule == Rules.Perplexity) && !p.Stream.Any(r => r.Rule == StreamRules.ProbePerplexity))
            .WithMessage("a rule about perplexity has no text to measure it on.").Right(_ => "give the policy a probe with texts:  \"probe\": { \"texts\": [\"…\"], \"tokens\": 100, \"seed\": 0 }");
        RuleFor(p => p.Probe).Must((p, probe) => probe is not null || !p.Rules.Any(r => r.Rule == Rules.Entropy))
            .WithMessage("the rule entropy has no length and seed to generate texts with.").Right(_ => "give the policy a probe:  \"probe\": { \"texts\": [], \"tokens\": 100, \"seed\": 0 }");
    }

    /// <summary>A rule that stands there twice contradicts itself, whichever of its bounds is the looser.</summary>
    private static void Once(ValidationContext<GatePolicy> context, string list, IReadOnlyList<(string Rule, double Threshold)> rules)
    {
        foreach (var twice in rules.GroupBy(r => r.Rule, StringComparer.Ordinal).Where(g => g.Count() > 1))
            context.AddFailure(new ValidationFailure(list, $"the rule {twice.Key} stands in the policy {twice.Count()} times, with the bounds {string.Join(" and ", twice.Select(r => r.Threshold.ToString(CultureInfo.InvariantCulture)))}.")
            {
                CustomState = "give each rule once: two bounds for one rule contradict each other",
            });
    }

    private sealed class GateRuleValidator : AbstractValidator<GateRule>
    {
        public GateRuleValidator()
        {
            RuleFor(r => r.Rule).Must(r => Rules.All.Contains(r)).WithMessage(r => $"there is no gate rule \"{r.Rule}\".")
                .Right(r => StreamRules.All.Contains(r.Rule) ? $"{r.Rule} belongs under \"stream\", with \"every\"" : $"the rules are {string.Join(", ", Rules.All)}");
            RuleFor(r => r.Threshold).Must(double.IsFinite).WithMessage(r => $"{r.Rule}: the threshold {{PropertyValue}} is not a number.").Right(_ => "give a finite bound");
            RuleFor(r => r.Threshold).GreaterThanOrEqualTo(1).When(r => r.Rule == Rules.VariantRatio)
                .WithMessage("a variant ratio is never under 1, so the bound {PropertyValue} would stop every edit.").Right(_ => "the default is 20");
            RuleFor(r => r.Threshold).InclusiveBetween(0, 1).When(r => r.Rule == Rules.Unreached)
                .WithMessage("{PropertyValue} is not a probability.").Right(_ => "give a bound from 0 to 1; the default is 0.05");
            RuleFor(r => r.Threshold).LessThan(1).When(r => r.Rule == Rules.KeyAsymmetry)
                .WithMessage("r-ROME and p-ROME have a key ratio of 1, so the bound {PropertyValue} would stop every edit.").Right(_ => "the default is 0.1");
            RuleFor(r => r.Threshold).GreaterThan(0).When(r => r.Rule == Rules.Outlier)
                .WithMessage("half of all edits lie above the median, so an outlier's bound of {PropertyValue} would stop half of them.").Right(_ => "the default is 5");
            RuleFor(r => r.Threshold).GreaterThan(1).When(r => r.Rule == Rules.Perplexity)
                .WithMessage("the base has 1 × its own perplexity, so the bound {PropertyValue} would stop ordinary edits.").Right(_ => "1.5 lets it rise by half");
            RuleFor(r => r.Threshold).Must(t => t is >= 0 and < 1).When(r => r.Rule == Rules.Entropy && double.IsFinite(r.Threshold))
                .WithMessage("a normalised entropy lies between 0 and 1, so the bound {PropertyValue} would stop nothing or everything.").Right(_ => "give a bound from 0 on, under 1");
            RuleFor(r => r.Action).Equal(GateAction.Reject).When(r => r.Rule == Rules.NonFinite)
                .WithMessage("an edit that is not finite has no weights; it can only be rejected.").Right(_ => "give non-finite the action reject, or leave it out: it is part of every policy");
        }
    }

    private sealed class StreamRuleValidator : AbstractValidator<StreamRule>
    {
        public StreamRuleValidator()
        {
            RuleFor(r => r.Rule).Must(r => StreamRules.All.Contains(r)).WithMessage(r => $"there is no stream rule \"{r.Rule}\".")
                .Right(r => Rules.All.Contains(r.Rule) ? $"{r.Rule} belongs under \"rules\"" : $"the stream rules are {string.Join(", ", StreamRules.All)}");
            RuleFor(r => r.Threshold).Must(double.IsFinite).WithMessage(r => $"{r.Rule}: the threshold {{PropertyValue}} is not a number.").Right(_ => "give a finite bound");
            RuleFor(r => r.Threshold).GreaterThan(1).When(r => r.Rule is StreamRules.CumulativeDistance or StreamRules.ProbePerplexity)
                .WithMessage(r => $"{r.Rule} is about 1 where all is well, so the bound {{PropertyValue}} would withhold ordinary edits.").Right(r => r.Rule == StreamRules.ProbePerplexity ? "1.5 lets it rise by half" : "3 is twice what ordinary edits reach");
            RuleFor(r => r.Threshold).GreaterThan(0).When(r => r.Rule == StreamRules.Drift)
                .WithMessage("drift is 0 as written, so the bound {PropertyValue} would withhold ordinary edits.").Right(_ => "1 is as far off as the base");
            RuleFor(r => r.Every).GreaterThanOrEqualTo(1).WithMessage(r => $"{r.Rule} cannot be looked at every {{PropertyValue}} revisions.").Right(_ => "give \"every\" a number from 1 on");
            RuleFor(r => r.Action).NotEqual(GateAction.Reject).WithMessage(r => $"{r.Rule} cannot reject: what is in effect can be withheld, and a person decides.").Right(_ => "give it the action quarantine, or observe");
        }
    }

    private sealed class GateProbeValidator : AbstractValidator<GateProbe>
    {
        public GateProbeValidator()
        {
            RuleFor(p => p.Texts).Must(t => t.Sum(Encoding.UTF8.GetByteCount) <= GateProbe.MostBytes).WithMessage(p => $"the probe's texts have {p.Texts.Sum(Encoding.UTF8.GetByteCount):N0} bytes.")
                .Right(_ => $"they are recorded with the policy, which every command reads: give at most {GateProbe.MostBytes:N0}");
            RuleForEach(p => p.Texts).Must(t => t.Trim().Length > 0).WithMessage("text {CollectionIndex} of the probe is empty.").Right(_ => "leave it out").Unicode();
            RuleFor(p => p.Tokens).InclusiveBetween(2, 1000).WithMessage("texts of {PropertyValue} tokens cannot be generated.").Right(_ => $"the published length is {GateProbe.PublishedTokens}, the prompt's tokens counted; from 2 to 1000");
        }
    }
}

/// <summary>A policy that makes sense, set by somebody.</summary>
public sealed class SetGatePolicyValidator : AbstractValidator<SetGatePolicy>
{
    public SetGatePolicyValidator()
    {
        RuleFor(c => c.Policy).SetValidator(new GatePolicyValidator());
        RuleFor(c => c.Author).Author();
    }
}
