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
        TokenizerFiles.RequireAgreement(path, definition);
        var bos = settings.BosToken is { } token ? definition.Id(token) : null;
        if (definition.FirstToken is { } first && bos is not null && bos != first)
            throw Disagree(path, $"puts {definition.Content(first)} before a text, but bos_token is {settings.BosToken}");
        if (settings.AddsBos is { } adds && adds != definition.FirstToken is not null)
            throw Disagree(path, adds ? "puts no token before a text, but add_bos_token is true" : $"puts {definition.Content(definition.FirstToken!.Value)} before a text, but add_bos_token is false");
        return CheckpointIo.Bpe(path, () => new ByteLevelTokenizer(definition,
            definition.FirstToken ?? bos ?? config?.BosTokenId,
            (settings.EosToken is { } end ? definition.Id(end) : null) ?? config?.EosTokenIds.Cast<int?>().FirstOrDefault()));
    }

    private static (string Path, ByteLevelDefinition Definition) Read(string folder, TokenizerSettings settings)
    {
        var json = Path.Combine(folder, "tokenizer.json");
        if (Path.Exists(json)) return (json, TokenizerJson.Read(json));

        string vocabulary = Path.Combine(folder, "vocab.json"), merges = Path.Combine(folder, "merges.txt");
        if (Path.Exists(vocabulary) && Path.Exists(merges)) return (vocabulary, TokenizerFiles.Read(vocabulary, merges, settings));

        throw Path.Exists(Path.Combine(folder, "tokenizer.model"))
            ? new CheckpointException(folder, $"{folder} has only a SentencePiece tokenizer.model, which is not supported.",
                "use a model with byte-level BPE (as GPT-2, Pythia, Llama 3, Qwen2 and SmolLM have); docs/decisions/0008-tokenizers.md says why")
            : new CheckpointException(folder, $"{folder} has no tokenizer.", "put tokenizer.json, or vocab.json and merges.txt, beside config.json");
    }

    private static CheckpointException Disagree(string path, string what) => new(path, $"{path} {what}.", "make tokenizer_config.json and the tokenizer agree: which the model was trained with cannot be known here");
}
