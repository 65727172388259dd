using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Ports;
using Ledger.Engine.Editing;
using Ledger.Engine.Generation;
using Ledger.Engine.Models;
using Ledger.Engine.Statistics;
using Ledger.Engine.Tokenizing;
using static TorchSharp.torch;

namespace Ledger.Engine;

/// <summary>A loaded decoder behind the domain's port.</summary>
/// <param name="model">Owned.</param>
/// <param name="w0">W₀, row-major [d_v, d_k].</param>
/// <param name="stamp">Of the checkpoint's files: an interrupted measurement is gone on with only on the same ones.</param>
internal sealed class ModelEditor(Decoder model, ITextTokenizer tokenizer, MatrixAddress matrix, float[] w0, Digest stamp, string device) : IModelEditor
{
    private readonly float[]? bias = model.Bias(matrix.Layer)?.Floats();
    private readonly float[] w0 = w0;
    private float[] w = w0;

    public MatrixAddress Matrix => matrix;

    public string Engine { get; } = ModelLibrary.EngineName(device);

    public ReadOnlyMemory<float> BaseMatrix => w0;

    public void Install(ReadOnlySpan<float> w)
    {
        var copy = w.ToArray();
        model.Install(matrix.Layer, copy);
        this.w = copy;
    }

    public ContextTemplates DrawTemplates(long seed) => TemplateDrawing.Draw(model, tokenizer, seed);

    public EditComputation Compute(
        EditRequest request, ContextTemplates templates, Hyperparameters hyperparameters, IKeyMoment c, IProgress<LossPoint>? progress, CancellationToken token) =>
        Editor().Compute(request, templates, hyperparameters, c, progress, token);

    public RequestKeys Keys(EditRequest request, ContextTemplates templates, CancellationToken token) => Editor().Keys(request, templates, token);

    public ImmutableArray<double> Score(IReadOnlyList<(string Prompt, string Target)> items, CancellationToken token) => Scoring.Score(model, tokenizer, items, token);

    public double Perplexity(IReadOnlyList<string> texts, CancellationToken token) => Likelihoods(texts, token) is var read && read.Any(t => t.Tokens > 0) ? TextLikelihood.Perplexity(read) : throw new NothingPredictedException();

    public ImmutableArray<TextLikelihood> Likelihoods(IReadOnlyList<string> texts, CancellationToken token) => Scoring.Likelihoods(model, tokenizer, texts, token);

    public ImmutableArray<string> Sample(IReadOnlyList<string> prompts, int length, int topK, long seed, CancellationToken token) =>
        prompts.Count == 0 ? [] : [.. new TokenGenerator(model).Sample([.. prompts.Select(p => Ids(p, 0))], length, topK, seed, token).Select(tokenizer.Decode)];

    public ImmutableArray<string> Answers(IReadOnlyList<string> prompts, int tokens, CancellationToken token) =>
        [.. new SharedBeginning(model).Greedy([.. prompts.Select(p => Ids(p, tokens))], tokens, token).Select(tokenizer.Decode)];

    public ImmutableArray<TokenKey> Keys(string prompt)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var ids = Ids(prompt, 0);
        var rows = TokenRows.FromLeft([ids]);
        using var pass = Pass.Over(rows, model.Device);
        var x = model.Run(model.Embed(rows.Ids(model.Device), pass), pass, 0, matrix.Layer);
        var keys = model.Key(matrix.Layer, x, pass).K.select(0, 0).Vectors();                           // [T, d_k]
        return [.. ids.Zip(keys, (id, k) => new TokenKey(id, tokenizer.TokenText(id), k))];
    }

    public TokenKey Key(string prompt, string subject)
    {
        var index = LookupToken.Index(tokenizer, EditRequest.Placeholder, prompt, subject);
        return Keys(new EditRequest(prompt, subject, "").Text)[index];
    }

    public ImmutableArray<NextToken> Next(string prompt, int count)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var rows = TokenRows.FromLeft([Ids(prompt, 0)]);
        using var pass = Pass.Over(rows, model.Device);
        var x = model.Run(model.Embed(rows.Ids(model.Device), pass), pass, 0, model.Config.Layers);
        var (p, ids) = model.Logits(x.select(1, rows.Columns - 1)).softmax(-1, ScalarType.Float64).topk(Math.Min(count, model.Config.Vocabulary));  // [1, count]
        return [.. ids.cpu().data<long>().ToArray().Zip(p.cpu().data<double>().ToArray()).Select(t => new NextToken((int)t.First, tokenizer.TokenText((int)t.First), t.Second))];
    }

    public string Continue(string prompt, int tokens, CancellationToken token) => Greedy(prompt, tokens, token).Text;

    public Continuation Greedy(string prompt, int tokens, CancellationToken token)
    {
        var made = new TokenGenerator(model).Continue([Ids(prompt, tokens)], tokens, (_, logits) =>
        {
            var next = TokenGenerator.MostLikely(logits);
            return model.Config.EosTokenIds.Contains(next) ? null : next;
        }, token);
        return new Continuation([.. made[0]], tokenizer.Decode(made[0]));
    }

    public double Score(string prompt, Continuation said, CancellationToken token) => Scoring.Score(model, Ids(prompt, said.Ids.Length), said.Ids, token);

    public KeyStatistics Measure(IKeyStatisticsStore store, KeyStatisticsSource source, IProgress<MeasureProgress>? progress, CancellationToken token) =>
        new KeyMeasurement(model, tokenizer, matrix, stamp).Measure(store.Folder, source, progress, token);

    public void Dispose() => model.Dispose();

    private RankOneEditor Editor() => new(model, tokenizer, matrix.Layer, new AffineMap(w0, bias), new AffineMap(w, bias));

    private IReadOnlyList<int> Ids(string prompt, int more)
    {
        var ids = tokenizer.Encode(prompt);
        if (ids.Count == (tokenizer.AddsBos ? 1 : 0)) throw new LookupException(prompt, "The prompt is empty: there is nothing to read.", "give at least one word");
        ContextExceededException.Require(ids.Count, model.Config.Positions, prompt);
        if (ids.Count + more > model.Config.Positions)
            throw new ContextExceededException(ids.Count + more, model.Config.Positions, prompt, $"ask for at most {model.Config.Positions - ids.Count} more tokens");
        return ids;
    }
}
