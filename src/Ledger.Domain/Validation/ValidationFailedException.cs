using System.Collections.Immutable;
using FluentValidation;
using FluentValidation.Results;

namespace Ledger.Domain.Validation;

/// <param name="Field">Which part of the input.</param>
/// <param name="Value">What it was, shortened; null when it was not given.</param>
/// <param name="Problem">What is wrong.</param>
/// <param name="Remedy">What would be right.</param>
public sealed record Fault(string Field, string? Value, string Problem, string? Remedy);

/// <summary>Bad input: every fault at once.</summary>
public sealed class ValidationFailedException : LedgerException
{
    public ValidationFailedException(ValidationResult result)
        : this([.. result.Errors.Select(e => new Fault(e.PropertyName, Shortened(e.AttemptedValue), e.ErrorMessage, e.CustomState as string))])
    {
    }

    private ValidationFailedException(ImmutableArray<Fault> faults)
        : base(string.Join(" ", faults.Select(f => f.Problem)), faults.FirstOrDefault()?.Remedy) => Faults = faults;

    public ImmutableArray<Fault> Faults { get; }

    public override FailureKind Kind => FailureKind.BadInput;

    /// <exception cref="ValidationFailedException">The value is not valid.</exception>
    public static void ThrowIfInvalid<T>(IValidator<T> validator, T value)
    {
        if (validator.Validate(value) is { IsValid: false } result) throw new ValidationFailedException(result);
    }

    private static string? Shortened(object? value) => value?.ToString() is { } text ? text.Length <= 80 ? text : text[..79] + "…" : null;
}

internal static class RuleExtensions
{
    private const int LongestAuthor = 100, LongestBrief = 400;

    /// <summary>What would be right.</summary>
    public static IRuleBuilderOptions<T, TProperty> Right<T, TProperty>(this IRuleBuilderOptions<T, TProperty> rule, Func<T, string> remedy) =>
        rule.WithState(x => remedy(x));

    /// <summary>Text that can be stored and given back: no lone surrogates, which UTF-8 cannot hold.</summary>
    public static IRuleBuilderOptions<T, string?> Unicode<T>(this IRuleBuilder<T, string?> rule) =>
        rule.Must(text => text is null || IsUnicode(text)).WithMessage("{PropertyName} is not valid Unicode: it holds half of a surrogate pair.").WithState(_ => "give the text as valid UTF-8");

    /// <summary>A sentence or two for the ledger's own stream, which every command reads whole.</summary>
    public static IRuleBuilderOptions<T, string?> Brief<T>(this IRuleBuilder<T, string?> rule, string what) => rule
        .Must(t => t is null || t.Length <= LongestBrief).WithMessage((_, t) => $"the {what} has {t!.Length} characters.").Right(_ => $"say it in {LongestBrief}, or name a page that tells more")
        .Unicode();

    /// <summary>Somebody who can be named beside every event.</summary>
    public static IRuleBuilderOptions<T, string?> Author<T>(this IRuleBuilder<T, string?> rule) => rule
        .Must(a => !string.IsNullOrWhiteSpace(a)).WithMessage("nobody is named as the author.").Right(_ => "name one with --author")
        .Must(a => a is null || a.Length <= LongestAuthor).WithMessage("the author's name is too long.").Right(_ => $"it may have {LongestAuthor} characters")
        .Unicode();

    private static bool IsUnicode(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i])) continue;
            if (i + 1 >= text.Length || !char.IsSurrogatePair(text[i], text[i + 1])) return false;
            i++;
        }
        return true;
    }
}
