namespace Ledger.Domain;

/// <summary>The published model a ledger stands on. Its identity is <see cref="Digest"/>; the rest is for people.</summary>
/// <param name="Digest">SHA-256 over the manifest: each tensor's name, dtype, shape and digest, the tokenizer files, and the config values the engine reads.</param>
/// <param name="Family">The config's <c>model_type</c>: <c>gpt2</c>, <c>llama</c>, ….</param>
/// <param name="Name">The folder's name, or the hub's <c>org/name</c>.</param>
/// <param name="Layers">Number of transformer blocks.</param>
/// <param name="Parameters">Number of weights.</param>
/// <param name="StoredAs">The dtype of the edited matrix on disk: <c>F32</c>, <c>F16</c>, <c>BF16</c>. Computation is float32.</param>
public sealed record BaseCheckpoint(Digest Digest, string Family, string Name, int Layers, long Parameters, string StoredAs);
