using System.Collections.Immutable;
using Ledger.Domain.Editing;

namespace Ledger.Domain.Ports;

/// <summary>Opens checkpoints; the engine's front door.</summary>
public interface IModelLibrary
{
    /// <summary>Loads the tensor library and tries the device.</summary>
    /// <exception cref="LedgerException">The device cannot be used.</exception>
    EngineReport Check();

    /// <summary>Reads headers, config and tokenizer; loads no weights, computes the full digest.</summary>
    /// <param name="path">A model folder or a hub-cache folder.</param>
    /// <param name="token">Stops the digest between tensors.</param>
    /// <exception cref="LedgerException">No such model, a pickle, an unsupported family, damaged files.</exception>
    BaseCheckpoint Describe(string path, CancellationToken token);

    /// <summary>A cheap look at whether the files are the ones seen before: names, sizes, times and header digests, as one digest.</summary>
    Digest Stamp(string path);

    /// <summary>Which matrix an edit at this layer changes, without loading weights.</summary>
    /// <exception cref="LedgerException">The model has no such layer.</exception>
    MatrixAddress Address(string path, int layer);

    /// <summary>The layer to edit where nobody names one, by family and depth.</summary>
    int DefaultLayer(string path);

    /// <summary>W₀ alone: row-major float32 [d_v, d_k] (GPT-2's stored transpose turned), without loading the model.</summary>
    float[] ReadMatrix(string path, MatrixAddress matrix);

    /// <summary>Loads the model for editing at one matrix.</summary>
    /// <param name="path">A model folder or a hub-cache folder.</param>
    /// <param name="matrix">The matrix that <see cref="IModelEditor.Install"/> replaces.</param>
    /// <param name="token">Stops between tensors.</param>
    IModelEditor Load(string path, MatrixAddress matrix, CancellationToken token);
}

/// <param name="Engine">As <see cref="IModelEditor.Engine"/>.</param>
/// <param name="Threads">How many the tensor library uses.</param>
/// <param name="Gpu">Whether this build on this machine could use one.</param>
public sealed record EngineReport(string Engine, int Threads, bool Gpu);

/// <summary>
/// One model in memory, with the edited matrix replaceable. Synchronous and for one thread at a time: tensor scopes belong to a thread.
/// The weights it runs with are always ones that were installed: the base's, or a fold's result.
/// </summary>
public interface IModelEditor : IDisposable
{
    MatrixAddress Matrix { get; }

    /// <summary>Engine, libraries and device, as recorded in events: <c>ledger 0.1.0, TorchSharp 0.107.0, libtorch 2.10.0, cpu</c>.</summary>
    string Engine { get; }

    /// <summary>W₀, row-major float32 [d_v, d_k] (GPT-2's stored transpose turned).</summary>
    ReadOnlyMemory<float> BaseMatrix { get; }

    /// <summary>Makes the model run with this matrix from now on; copied.</summary>
    /// <param name="w">Row-major float32 [d_v, d_k].</param>
    void Install(ReadOnlySpan<float> w);

    /// <summary>Samples context templates from the weights now installed: 10 of 5 tokens, 10 of 10 tokens, top-k 5, from the beginning-of-text token.</summary>
    ContextTemplates DrawTemplates(long seed);

    /// <summary>Keys, directions, target value: everything of an edit but the variant's choice.</summary>
    /// <exception cref="LedgerException">The subject cannot be located in the rendered prompt, or the rows exceed the model's context.</exception>
    EditComputation Compute(
        EditRequest request, ContextTemplates templates, Hyperparameters hyperparameters, IKeyMoment c, IProgress<LossPoint>? progress, CancellationToken token);

    /// <summary>What an edit starts from, without the search for v_e: the same rows up to the edited layer and no further, so that thousands of requests can be looked through.</summary>
    /// <exception cref="LedgerException">As <see cref="Compute"/>.</exception>
    RequestKeys Keys(EditRequest request, ContextTemplates templates, CancellationToken token);

    /// <summary>n(x): mean per-token negative log-likelihood of " " + target after each prompt, natural logarithm.</summary>
    ImmutableArray<double> Score(IReadOnlyList<(string Prompt, string Target)> items, CancellationToken token);

    /// <summary>
    /// exp of the mean negative log-likelihood over all predicted tokens of all texts together (so a long text weighs more than a short one). Each text is run on its own; its first token is
    /// given and not predicted, unless the tokenizer puts a beginning-of-text token before it.
    /// </summary>
    /// <exception cref="LedgerException">A text exceeds the model's context, or no text has a token to predict.</exception>
    double Perplexity(IReadOnlyList<string> texts, CancellationToken token);

    /// <summary>What <see cref="Perplexity"/> is made of, text by text; a text without a token to predict has none.</summary>
    /// <exception cref="LedgerException">A text exceeds the model's context.</exception>
    ImmutableArray<TextLikelihood> Likelihoods(IReadOnlyList<string> texts, CancellationToken token);

    /// <summary>k at every token of a prompt, in order: what goes into the edited matrix there. Edits at that matrix do not change it.</summary>
    /// <exception cref="LedgerException">The prompt is empty, or exceeds the model's context.</exception>
    ImmutableArray<TokenKey> Keys(string prompt);

    /// <summary>The same at the subject's last token alone: k_o, where an edit of this prompt would find it.</summary>
    /// <param name="prompt">With one <c>{}</c> for the subject.</param>
    /// <exception cref="LedgerException">The subject cannot be located in the rendered prompt, or that exceeds the model's context.</exception>
    TokenKey Key(string prompt, string subject);

    /// <summary>The most likely next tokens after a prompt.</summary>
    ImmutableArray<NextToken> Next(string prompt, int count);

    /// <summary>Greedy continuation: at most <paramref name="tokens"/> new tokens, stopping before an end-of-text token.</summary>
    string Continue(string prompt, int tokens, CancellationToken token);

    /// <summary>The same with its tokens, to ask other weights about: text that is tokenised again may come out otherwise.</summary>
    Continuation Greedy(string prompt, int tokens, CancellationToken token);

    /// <summary>
    /// As <see cref="Continue"/>, for many prompts: the keys and values of what all of them begin with are computed once, so that a few examples before every question cost little.
    /// </summary>
    /// <returns>In the prompts' order.</returns>
    ImmutableArray<string> Answers(IReadOnlyList<string> prompts, int tokens, CancellationToken token);

    /// <summary>Each prompt with what is sampled after it, up to a length in tokens, the prompt's counted; an end-of-text token does not end it. A prompt that is longer stays as it is.</summary>
    /// <param name="topK">One of the k most likely tokens is taken, by its probability among them.</param>
    /// <param name="seed">Every row has a generator of its own, from the seed and the row's number.</param>
    /// <exception cref="LedgerException">A prompt is empty, or the length exceeds the model's context.</exception>
    ImmutableArray<string> Sample(IReadOnlyList<string> prompts, int length, int topK, long seed, CancellationToken token);

    /// <summary>n of these very tokens after a prompt: mean −ln p, no space put before them. NaN where there are none.</summary>
    double Score(string prompt, Continuation said, CancellationToken token);

    /// <summary>C of this model's keys at the edited layer over text, streaming; the result lies in <paramref name="store"/>.</summary>
    KeyStatistics Measure(IKeyStatisticsStore store, KeyStatisticsSource source, IProgress<MeasureProgress>? progress, CancellationToken token);
}

/// <param name="Sum">Σ −ln p over the predicted tokens.</param>
/// <param name="Tokens">How many those are.</param>
public readonly record struct TextLikelihood(double Sum, long Tokens)
{
    /// <summary>exp(Σ Sum / Σ Tokens): a long text weighs more than a short one. NaN where nothing is predicted.</summary>
    public static double Perplexity(IReadOnlyCollection<TextLikelihood> texts) => Math.Exp(texts.Sum(t => t.Sum) / texts.Sum(t => t.Tokens));
}

/// <param name="Text">The token's own text.</param>
/// <param name="Probability">0 to 1.</param>
public readonly record struct NextToken(int Id, string Text, double Probability);

/// <summary>What a model said.</summary>
/// <param name="Ids">Token ids.</param>
/// <param name="Text">The same as text.</param>
public sealed record Continuation(ImmutableArray<int> Ids, string Text);

/// <param name="Text">The token's own text.</param>
/// <param name="Key">k [d_k].</param>
public sealed record TokenKey(int Id, string Text, Float32Vector Key);

/// <param name="KBar">k̄ [d_k].</param>
/// <param name="KO">k_o [d_k].</param>
/// <param name="M0">m₀ = W k_o + b [d_v], on the weights now installed.</param>
public sealed record RequestKeys(Float32Vector KBar, Float32Vector KO, Float32Vector M0);

/// <summary>
/// What C is measured over: UTF-8 text with one document a line, JSON Lines, either as gzip, or Parquet; documents without text are left out, each is cut to
/// <paramref name="Context"/> tokens.
/// </summary>
/// <param name="Files">Paths of files, and of folders for the text below them, in order.</param>
/// <param name="Context">Tokens a document at most.</param>
/// <param name="Ridge">λ, or null: 0 when C can be factored without, else the smallest of 1e-6, 1e-5, … that lets it.</param>
/// <param name="MaxTokens">Stop after this many tokens, or null for all.</param>
/// <param name="Column">Which field of JSON Lines or column of Parquet holds the text.</param>
public sealed record KeyStatisticsSource(ImmutableArray<string> Files, int Context = 512, double? Ridge = null, long? MaxTokens = null, string Column = "text");

/// <param name="BytesDone">Bytes of text behind us.</param>
/// <param name="BytesTotal">Bytes of text in all.</param>
/// <param name="Tokens">Tokens so far.</param>
public readonly record struct MeasureProgress(long BytesDone, long BytesTotal, long Tokens);

/// <summary>C, ready to be solved with.</summary>
public interface IKeyMoment
{
    KeyStatistics Statistics { get; }

    /// <summary>C⁻¹k to unit length, solved in float64 and rounded once.</summary>
    /// <param name="k">[d_k].</param>
    Float32Vector Direction(Float32Vector k);
}

/// <summary>Where C lies: beside the ledger, by its digest.</summary>
public interface IKeyStatisticsStore
{
    /// <summary>Folder for finished matrices and unfinished measurements.</summary>
    string Folder { get; }

    /// <exception cref="LedgerException">Not there, or not what its digest says.</exception>
    IKeyMoment Load(KeyStatistics statistics);

    /// <summary>Whether C is here and what its digest says.</summary>
    bool Has(KeyStatistics statistics);

    /// <summary>Takes C over from a file of ROME's published statistics (.npz with <c>mom2.mom2</c> and <c>mom2.count</c>); pickles in it are never read.</summary>
    /// <param name="ridge">λ, or null: chosen as for a measured C.</param>
    /// <exception cref="LedgerException">The file is not that, or of a matrix with another d_k; nothing was kept.</exception>
    KeyStatistics Import(string path, int dk, double? ridge);

    /// <summary>Copies C from another store, unless it is here already.</summary>
    /// <exception cref="LedgerException">The other has not got it, or not what its digest says.</exception>
    void Take(IKeyStatisticsStore from, KeyStatistics statistics);
}
