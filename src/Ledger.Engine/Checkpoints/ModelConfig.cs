using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Ledger.Engine.Checkpoints;

/// <summary>What the engine reads of a config.json, defaults filled in. Both spellings of the same values are equal.</summary>
public sealed record ModelConfig
{
    public const string Gpt2 = "gpt2";
    public const string Llama = "llama";

    /// <summary><c>gpt2</c> or <c>llama</c>.</summary>
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

    /// <summary>The longest context.</summary>
    public required int Positions { get; init; }

    /// <summary>ε of LayerNorm or RMSNorm.</summary>
    public required double NormEpsilon { get; init; }

    /// <summary>Base of the rotary frequencies; 0 for GPT-2, which learns its positions.</summary>
    public required double RopeTheta { get; init; }

    /// <summary>The head's weight is the embedding's.</summary>
    public required bool TieEmbeddings { get; init; }

    /// <summary>Beginning-of-text token, if the model has one.</summary>
    public required int? BosTokenId { get; init; }

    /// <summary>End-of-text tokens; may be empty.</summary>
    public required ImmutableArray<int> EosTokenIds { get; init; }

    /// <summary><c>gelu_tanh</c> (in files <c>gelu_new</c> or <c>gelu_pytorch_tanh</c>) or <c>silu</c>.</summary>
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
        return text.ToString();

        void Line(string name, object value) => text.Append(CultureInfo.InvariantCulture, $"{name}={value}\n");
    }

    // An immutable array is equal by reference; the canonical text holds every value.
    public bool Equals(ModelConfig? other) => other is not null && CanonicalText() == other.CanonicalText();

    public override int GetHashCode() => CanonicalText().GetHashCode(StringComparison.Ordinal);
}
