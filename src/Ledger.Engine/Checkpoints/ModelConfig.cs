using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Ledger.Engine.Checkpoints;

/// <summary>What the engine reads of a config.json, defaults filled in. Both spellings of the same values are equal.</summary>
public sealed record ModelConfig
{
    public const string Gpt2 = "gpt2";
    public const string GptJ = "gptj";
    public const string GptNeoX = "gpt_neox";
    public const string Llama = "llama";
    public const string Mistral = "mistral";
    public const string Qwen2 = "qwen2";

    /// <summary>One of the names above.</summary>
    public required string ModelType { get; init; }

    /// <summary>Number of transformer blocks.</summary>
    public required int Layers { get; init; }

    /// <summary>d_v: the width of the residual stream.</summary>
    public required int Hidden { get; init; }

    /// <summary>d_k: the inner width of the MLP.</summary>
    public required int Inner { get; init; }

    /// <summary>Query heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Key/value heads; divides <see cref="Heads"/>.</summary>
    public required int KvHeads { get; init; }

    /// <summary>Width of one head; Heads · HeadDim need not be Hidden in the Llama family.</summary>
    public required int HeadDim { get; init; }

    /// <summary>Rows of the embedding.</summary>
    public required int Vocabulary { get; init; }

    /// <summary>The longest context; where a model attends through a sliding window, at most the window: in it nothing is hidden yet.</summary>
    public required int Positions { get; init; }

    /// <summary>ε of LayerNorm or RMSNorm.</summary>
    public required double NormEpsilon { get; init; }

    /// <summary>Base of the rotary frequencies; 0 for GPT-2, which learns its positions.</summary>
    public required double RopeTheta { get; init; }

    /// <summary>How many of a head's numbers are turned by their position, from the first on: all of them in the Llama family, none in GPT-2.</summary>
    public required int RotaryDim { get; init; }

    /// <summary>Frequencies stretched as Llama 3 does, or null.</summary>
    public Llama3Rope? RopeScaling { get; init; }

    /// <summary>Attention and MLP both start from the block's input and are added to it together: GPT-J always, GPT-NeoX as a rule.</summary>
    public bool ParallelResidual { get; init; }

    /// <summary>The projections to q, k and v have biases; in GPT-2 and GPT-NeoX the one from attention too.</summary>
    public required bool AttentionBias { get; init; }

    /// <summary>The head's weight is the embedding's.</summary>
    public required bool TieEmbeddings { get; init; }

    /// <summary>Beginning-of-text token, if the model has one.</summary>
    public required int? BosTokenId { get; init; }

    /// <summary>End-of-text tokens; may be empty.</summary>
    public required ImmutableArray<int> EosTokenIds { get; init; }

    /// <summary><c>gelu</c> (exact), <c>gelu_tanh</c> (in files <c>gelu_new</c>, <c>gelu_pytorch_tanh</c> or <c>gelu_fast</c>) or <c>silu</c>.</summary>
    public required string Activation { get; init; }

    /// <summary>One line per value, in a fixed order and a fixed number format: what the manifest digests of the config.</summary>
    public string CanonicalText()
    {
        var text = new StringBuilder();
        Line("model_type", ModelType);
        Line("layers", Layers);
        Line("hidden", Hidden);
        Line("inner", Inner);
        Line("heads", Heads);
        Line("kv_heads", KvHeads);
        Line("head_dim", HeadDim);
        Line("vocabulary", Vocabulary);
        Line("positions", Positions);
        Line("norm_epsilon", NormEpsilon);
        Line("rope_theta", RopeTheta);
        Line("tie_embeddings", TieEmbeddings ? "true" : "false");
        Line("bos", BosTokenId is { } bos ? bos : "none");
        Line("eos", string.Join(' ', EosTokenIds));
        Line("activation", Activation);
        // In gpt2 and llama these are what they always were: ledgers that are there keep their base's digest.
        if (ModelType is not (Gpt2 or Llama))
        {
            Line("rotary_dim", RotaryDim);
            Line("parallel_residual", ParallelResidual ? "true" : "false");
            Line("attention_bias", AttentionBias ? "true" : "false");
        }
        if (RopeScaling is { } rope) Line("rope_scaling", rope.CanonicalText());
        return text.ToString();

        void Line(string name, object value) => text.Append(CultureInfo.InvariantCulture, $"{name}={value}\n");
    }

    // An immutable array is equal by reference; the canonical text holds every value.
    public bool Equals(ModelConfig? other) => other is not null && CanonicalText() == other.CanonicalText();

    public override int GetHashCode() => CanonicalText().GetHashCode(StringComparison.Ordinal);
}

/// <summary>Llama 3's stretching of rotary frequencies, for contexts longer than those of its first training.</summary>
/// <param name="Factor">Low frequencies are divided by this.</param>
/// <param name="LowFactor">Low are wavelengths over OriginalPositions / LowFactor.</param>
/// <param name="HighFactor">High, and left alone, are wavelengths under OriginalPositions / HighFactor; in between there is a smooth passage.</param>
/// <param name="OriginalPositions">The context of the first training.</param>
public sealed record Llama3Rope(double Factor, double LowFactor, double HighFactor, int OriginalPositions)
{
    internal string CanonicalText() => string.Create(CultureInfo.InvariantCulture, $"llama3 {Factor} {LowFactor} {HighFactor} {OriginalPositions}");
}
