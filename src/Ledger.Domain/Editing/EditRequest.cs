using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Ledger.Domain.Editing;

/// <summary>What somebody wants the model to say. Texts are kept as they were given.</summary>
/// <param name="Prompt">A template with exactly one <c>{}</c> for the subject: <c>The mother tongue of {} is</c>.</param>
/// <param name="Subject">Whose fact it is: <c>Danielle Darrieux</c>. Trimmed before use.</param>
/// <param name="Target">What the model shall say after the prompt; a space is put before it when it has none.</param>
/// <param name="TrueTarget">What the world says, if known.</param>
/// <param name="Relation">The relation's id, <c>P103</c>, if known.</param>
/// <param name="Paraphrases">Prompts that should give the target too (generalisation).</param>
/// <param name="Neighbours">Prompts about other subjects that should not change (locality).</param>
[method: JsonConstructor]
public sealed record EditRequest(
    string Prompt,
    string Subject,
    string Target,
    string? TrueTarget,
    string? Relation,
    ImmutableArray<string> Paraphrases,
    ImmutableArray<string> Neighbours)
{
    public const string Placeholder = "{}";

    public EditRequest(string prompt, string subject, string target)
        : this(prompt, subject, target, null, null, [], [])
    {
    }

    /// <summary>The prompt about the subject, as the model reads it.</summary>
    public string Text => Prompt.Replace(Placeholder, Subject.Trim(), StringComparison.Ordinal);

    /// <summary>The target as it follows a prompt: with a space before it.</summary>
    public static string AfterPrompt(string target) => target.StartsWith(' ') ? target : " " + target;

    public bool Equals(EditRequest? other) =>
        other is not null && Prompt == other.Prompt && Subject == other.Subject && Target == other.Target && TrueTarget == other.TrueTarget
        && Relation == other.Relation && Paraphrases.SequenceEqual(other.Paraphrases) && Neighbours.SequenceEqual(other.Neighbours);

    public override int GetHashCode() => HashCode.Combine(Prompt, Subject, Target, TrueTarget, Relation);
}
