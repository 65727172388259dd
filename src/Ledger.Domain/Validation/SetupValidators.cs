using FluentValidation;
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

/// <summary>A policy whose rules exist, once each, with bounds they can have.</summary>
public sealed class GatePolicyValidator : AbstractValidator<GatePolicy>
{
    public GatePolicyValidator()
    {
        RuleFor(p => p.Name).NotEmpty().WithMessage("the policy has no name.").Right(_ => "name it").Unicode();
        RuleFor(p => p.Version).GreaterThanOrEqualTo(1).WithMessage("the policy's version is {PropertyValue}.").Right(_ => "versions begin with 1");
        RuleFor(p => p.Rules).Must(rules => rules.Select(r => r.Rule).Distinct().Count() == rules.Length)
            .WithMessage("a rule stands in the policy twice.").Right(_ => "give each rule once: two bounds for one rule contradict each other");
        RuleForEach(p => p.Rules).SetValidator(new GateRuleValidator());
    }

    private sealed class GateRuleValidator : AbstractValidator<GateRule>
    {
        public GateRuleValidator()
        {
            RuleFor(r => r.Rule).Must(r => Rules.All.Contains(r)).WithMessage("there is no gate rule \"{PropertyValue}\".").Right(_ => $"the rules are {string.Join(", ", Rules.All)}");
            RuleFor(r => r.Threshold).Must(double.IsFinite).WithMessage("the threshold {PropertyValue} is not a number.").Right(_ => "give a finite bound");
            RuleFor(r => r.Threshold).GreaterThanOrEqualTo(1).When(r => r.Rule == Rules.VariantRatio)
                .WithMessage("a variant ratio is never under 1, so the bound {PropertyValue} would stop every edit.").Right(_ => "the default is 20");
            RuleFor(r => r.Threshold).InclusiveBetween(0, 1).When(r => r.Rule == Rules.Unreached)
                .WithMessage("{PropertyValue} is not a probability.").Right(_ => "give a bound from 0 to 1; the default is 0.05");
            RuleFor(r => r.Threshold).LessThan(1).When(r => r.Rule == Rules.KeyAsymmetry)
                .WithMessage("r-ROME and p-ROME have a key ratio of 1, so the bound {PropertyValue} would stop every edit.").Right(_ => "the default is 0.1");
            RuleFor(r => r.Action).Equal(GateAction.Reject).When(r => r.Rule == Rules.NonFinite)
                .WithMessage("an edit that is not finite has no weights; it can only be rejected.").Right(_ => "give non-finite the action reject, or leave it out: it is part of every policy");
        }
    }
}
