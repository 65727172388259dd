using Ledger.Domain.Editing;

namespace Ledger.Engine.Tokenizing;

/// <summary>Prompt and target as ids, joined as ids: text that is tokenised again may come out otherwise where a target ends inside a character.</summary>
public static class TargetRows
{
    /// <summary>The target's ids as it follows a prompt, with a space before it.</summary>
    public static IReadOnlyList<int> Target(ITextTokenizer tokenizer, string target)
    {
        var ids = tokenizer.Encode(EditRequest.AfterPrompt(target));
        return tokenizer.AddsBos ? [.. ids.Skip(1)] : ids;
    }

    /// <summary>The ids a model reads to be asked for each of the target's: the prompt's, then the target's but the last.</summary>
    public static IReadOnlyList<int> Row(IReadOnlyList<int> prompt, IReadOnlyList<int> target) => [.. prompt, .. target.Take(target.Count - 1)];
}
