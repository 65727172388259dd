using FluentValidation;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;

namespace Ledger.Domain.Validation;

/// <summary>A request that an edit can be computed for.</summary>
public sealed class EditRequestValidator : AbstractValidator<EditRequest>
{
    public EditRequestValidator()
    {
        RuleFor(r => r.Prompt).Cascade(CascadeMode.Stop)
            .Must(p => Count(p) > 0).WithMessage("the prompt has no {} for the subject.").Right(WithPlaceholder)
            .Must(p => Count(p) == 1).WithMessage(r => $"the prompt has {Count(r.Prompt)} {{}}, it takes exactly one.").Right(_ => "leave one {} where the subject belongs, and write the rest out")
            .Must(p => SpaceBefore(p)).WithMessage("no space stands before the {} of the prompt, so the subject's first token would join the word before it.").Right(r => $"write it as  \"{r.Prompt.Replace(EditRequest.Placeholder, " {}", StringComparison.Ordinal)}\"")
            .Unicode();
        RuleFor(r => r.Subject).Cascade(CascadeMode.Stop)
            .Must(s => !string.IsNullOrWhiteSpace(s)).WithMessage("the subject is empty.").Right(_ => "say whose fact it is:  --subject \"Danielle Darrieux\"")
            .Must(s => !s.Contains(EditRequest.Placeholder, StringComparison.Ordinal)).WithMessage("the subject holds a {}.").Right(_ => "put {} into the prompt, and the name itself into the subject")
            .Unicode();
        RuleFor(r => r.Target).Cascade(CascadeMode.Stop)
            .Must(t => !string.IsNullOrWhiteSpace(t)).WithMessage("the target is empty.").Right(_ => "say what the model shall answer:  --to English")
            .Must((r, t) => r.TrueTarget is null || t.Trim() != r.TrueTarget.Trim()).WithMessage(r => $"the target is the true target already: \"{r.Target.Trim()}\".").Right(_ => "an edit changes the answer; give another target, or leave the true one out")
            .Unicode();
        RuleFor(r => r.TrueTarget)
            .Must(t => t is null || !string.IsNullOrWhiteSpace(t)).WithMessage("the true target is empty.").Right(_ => "leave it out, or say what the world says")
            .Unicode();
        RuleForEach(r => r.Paraphrases).Unicode();
        RuleForEach(r => r.Neighbours).Unicode();
    }

    private static int Count(string prompt) => (prompt.Length - prompt.Replace(EditRequest.Placeholder, "", StringComparison.Ordinal).Length) / EditRequest.Placeholder.Length;

    private static bool SpaceBefore(string prompt) => prompt.IndexOf(EditRequest.Placeholder, StringComparison.Ordinal) is var at && (at <= 0 || prompt[at - 1] == ' ');

    /// <summary>Where the subject stands in the prompt, or where two spaces show that something was meant to.</summary>
    private static string WithPlaceholder(EditRequest r)
    {
        var subject = r.Subject.Trim();
        var at = subject.Length > 0 ? r.Prompt.IndexOf(subject, StringComparison.Ordinal) : -1;
        return at >= 0 ? $"write it as  \"{r.Prompt[..at]}{{}}{r.Prompt[(at + subject.Length)..]}\"" : "put {} where the subject belongs:  \"The mother tongue of {} is\"";
    }
}

/// <summary>A valid request by somebody.</summary>
public sealed class ApplyEditValidator : AbstractValidator<ApplyEdit>
{
    public ApplyEditValidator()
    {
        RuleFor(c => c.Request).SetValidator(new EditRequestValidator());
        RuleFor(c => c.Author).Author();
        RuleFor(c => c.Reason).Unicode();
        RuleFor(c => c.Source).Unicode();
    }
}

/// <summary>A measurement by somebody.</summary>
public sealed class MeasureRevisionValidator : AbstractValidator<MeasureRevision>
{
    public MeasureRevisionValidator() => RuleFor(c => c.Author).Author();
}

/// <summary>A decision with a reason and somebody who made it.</summary>
public sealed class DecideOnEditValidator : AbstractValidator<DecideOnEdit>
{
    public DecideOnEditValidator()
    {
        RuleFor(c => c.Edit).NotEmpty().WithMessage("no edit is named.").Right(_ => "`ledger log` lists the edits");
        RuleFor(c => c.Author).Author();
        RuleFor(c => c.Reason).Must(r => !string.IsNullOrWhiteSpace(r)).WithMessage("a decision needs a reason.").Right(_ => "say why with --reason \"…\"").Unicode();
    }
}

/// <summary>A branch that can be made, as far as can be told without the ledger. Its event has less than 4 KiB, whatever the texts hold: six bytes a character at most.</summary>
public sealed class StartBranchValidator : AbstractValidator<StartBranch>
{
    public StartBranchValidator()
    {
        RuleFor(c => c.Name).Must(RevisionName.IsName).WithMessage("\"{PropertyValue}\" cannot be a timeline's name.").Right(_ => RevisionName.NameRule);
        RuleFor(c => c.Author).Author();
        RuleFor(c => c.Purpose).Brief("purpose");
    }
}

/// <summary>An ending with a reason, which is said whenever somebody tries to go on.</summary>
public sealed class EndTimelineValidator : AbstractValidator<EndTimeline>
{
    public EndTimelineValidator()
    {
        RuleFor(c => c.Author).Author();
        RuleFor(c => c.Reason).Must(r => !string.IsNullOrWhiteSpace(r)).WithMessage("a closing needs a reason.").Right(_ => "say why with --reason \"…\"").Brief("reason");
    }
}

/// <summary>A merge or cherry-pick that can be made, as far as can be told without the ledger.</summary>
public sealed class TakeEditsValidator : AbstractValidator<TakeEdits>
{
    public TakeEditsValidator()
    {
        RuleFor(c => c.Edits).Must(e => e is not []).WithMessage("no edit is named.").Right(c => $"`ledger log -T {c.From.Name ?? c.From.Timeline}` lists the edits");
        RuleFor(c => c.Mode).Must(m => m is ReplayMode.Factors or ReplayMode.Values).WithMessage("edits are taken over by their factors or their values.").Right(_ => "replay computes anew:  ledger replay");
        RuleFor(c => c.Interference).Must(x => x >= 0).WithMessage("the bound of interference is not a number from 0 on.").Right(_ => "0 reports every pair, 1 those where one edit moves the other's answer as far as that itself did");
        RuleFor(c => c.Author).Must(a => !string.IsNullOrWhiteSpace(a)).WithMessage("nobody is named as the author.").Right(_ => "name one with --author").Unicode();
        RuleFor(c => c.Reason).Must(r => !string.IsNullOrWhiteSpace(r)).WithMessage("a decision needs a reason.").Right(_ => "say why with --reason \"…\"").Unicode();
    }
}
