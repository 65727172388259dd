using Ledger.Engine.Checkpoints;

namespace Ledger.Engine.Tokenizing;

/// <summary>Tokenizer files → <see cref="ITextTokenizer"/>: tokenizer.json where there is one, else vocab.json with merges.txt.</summary>
public static class TokenizerLoader
{
    /// <summary>The model's tokenizer; config.json names the beginning and end of text where the tokenizer's files do not.</summary>
    /// <exception cref="CheckpointException">No tokenizer, a damaged one, or a component that is not supported, by its name.</exception>
    public static ITextTokenizer Load(CheckpointFolder folder)
    {
        var tokenizer = Load(folder.Path, folder.Config);
        return tokenizer.VocabularySize <= folder.Config.Vocabulary
            ? tokenizer
            : throw new CheckpointException(folder.Path,
                $"The tokenizer of {folder.Path} has ids up to {tokenizer.VocabularySize - 1}, the model {folder.Config.Vocabulary} embeddings.", "config.json and the tokenizer belong to different models");
    }

    /// <summary>A tokenizer without a model.</summary>
    /// <exception cref="CheckpointException">As <see cref="Load(CheckpointFolder)"/>.</exception>
    public static ITextTokenizer LoadFiles(string folder) => Load(folder, null);

    private static ByteLevelTokenizer Load(string folder, ModelConfig? config)
    {
        var settings = TokenizerSettings.Read(folder);
        var (path, definition) = Read(folder, settings);
        return CheckpointIo.Bpe(path, () => new ByteLevelTokenizer(definition,
            Id(definition, settings.BosToken) ?? config?.BosTokenId,
            Id(definition, settings.EosToken) ?? config?.EosTokenIds.Cast<int?>().FirstOrDefault()));
    }

    private static (string Path, ByteLevelDefinition Definition) Read(string folder, TokenizerSettings settings)
    {
        var json = Path.Combine(folder, "tokenizer.json");
        if (Path.Exists(json)) return (json, TokenizerJson.Read(json));

        string vocabulary = Path.Combine(folder, "vocab.json"), merges = Path.Combine(folder, "merges.txt");
        if (Path.Exists(vocabulary) && Path.Exists(merges)) return (vocabulary, TokenizerFiles.Read(vocabulary, merges, settings));

        throw Path.Exists(Path.Combine(folder, "tokenizer.model"))
            ? new CheckpointException(folder, $"{folder} has only a SentencePiece tokenizer.model, which is not supported.", "add the tokenizer.json of a byte-level BPE")
            : new CheckpointException(folder, $"{folder} has no tokenizer.", "put tokenizer.json, or vocab.json and merges.txt, beside config.json");
    }

    private static int? Id(ByteLevelDefinition definition, string? token)
    {
        if (token is null) return null;
        return definition.AddedTokens.FirstOrDefault(t => t.Content == token)?.Id ?? (definition.Vocabulary.TryGetValue(token, out var id) ? id : null);
    }
}
