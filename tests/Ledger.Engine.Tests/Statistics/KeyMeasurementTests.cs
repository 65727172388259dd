using System.Collections.Immutable;
using Ledger.Domain.Editing;
using Ledger.Domain.Ports;
using Ledger.Engine.Checkpoints;
using Ledger.Engine.Models;
using Ledger.Engine.Statistics;
using Ledger.Engine.Tests.Golden;
using Ledger.Engine.Tests.Support;
using static TorchSharp.torch;

namespace Ledger.Engine.Tests.Statistics;

public sealed class KeyMeasurementTests : IDisposable
{
    private const int Layer = 1;

    private readonly TemporaryFolder folder = new();

    public static TheoryData<string> Kinds => TinyModels.Kinds;

    [Theory, MemberData(nameof(Kinds))]
    public void C_is_the_plain_mean_over_the_keys_of_every_document_run_alone(string kind)
    {
        using var model = new TinyModel(kind);
        var lines = TinyText.Of(100).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var differences = new Differences();
        foreach (var (context, most) in new (int, long?)[] { (512, null), (9, null), (512, 700), (9, 301) })
        {
            var source = new KeyStatisticsSource([folder.Write("text", string.Join("\n\n", lines))], context, MaxTokens: most);
            var statistics = Measure(model, source);
            var (c, tokens, documents) = Plain(model, lines, context, most ?? long.MaxValue);
            (statistics.Tokens, statistics.Documents, statistics.Context, statistics.Dk).ShouldBe((tokens, documents, Math.Min(context, TinyModels.Positions), TinyModels.Inner));
            if (most is not null) statistics.Tokens.ShouldBe(most.Value);
            differences.Relative("C", $"context {context}, at most {most}", Stored(statistics), c, 1e-6);
        }
        differences.Check();
    }

    [Fact]
    public void C_is_symmetric_and_lies_under_its_digest_with_what_it_was_made_from()
    {
        using var model = new TinyModel(TinyModels.Llama);
        var statistics = Measure(model, new KeyStatisticsSource([folder.Write("a.txt", TinyText.Of(30)), folder.Write("b.txt", TinyText.Of(30, seed: 4))]));
        var c = Stored(statistics);
        for (var i = 0; i < TinyModels.Inner; i++)
            for (var j = 0; j < i; j++) c[i * TinyModels.Inner + j].ShouldBe(c[j * TinyModels.Inner + i]);
        statistics.Files.ShouldBe(["a.txt", "b.txt"]);
        using var file = SafetensorsFile.Open(KeyStatisticsStore.MatrixPath(Stats, statistics.Digest));
        file.TensorDigest("C").ShouldBe(statistics.Digest);
        file.Header.Metadata["corpus"].ShouldBe(statistics.Corpus.ToString());
        file.Header.Metadata["parameter"].ShouldBe("model.layers.1.mlp.down_proj.weight");
        Directory.GetFiles(Stats, "*.partial*").ShouldBeEmpty();
    }

    [Fact]
    public void A_line_that_no_token_stands_for_is_passed_over_and_the_ones_after_it_count()
    {
        using var model = new TinyModel(TinyModels.Gpt2);
        var tokenizer = TinyTokenizer.Load(json => json["model"]!["vocab"]!.AsObject().Remove("z"));
        tokenizer.Encode("zzz").ShouldBeEmpty();
        var measurement = new KeyMeasurement(model.Model, tokenizer, model.Matrix(Layer), default);
        var statistics = measurement.Measure(Stats, new KeyStatisticsSource([folder.Write("text", "zzz\nthe man\nzz\n in\n")]), null, CancellationToken.None);
        (statistics.Tokens, statistics.Documents).ShouldBe((tokenizer.Encode("the man").Count + tokenizer.Encode(" in").Count, 2));
    }

    [Fact]
    public void Fewer_tokens_than_a_key_has_numbers_get_a_ridge_and_enough_get_none()
    {
        using var model = new TinyModel(TinyModels.Gpt2);
        var few = folder.Write("few", "the man\nin the morning");
        var statistics = Measure(model, new KeyStatisticsSource([few]));
        statistics.Tokens.ShouldBeLessThan(TinyModels.Inner);
        statistics.Ridge.ShouldBeInRange(1e-6, 1e-1);
        Measure(model, new KeyStatisticsSource([few], Ridge: 0.5)).Ridge.ShouldBe(0.5);
        Should.Throw<CorpusException>(() => Measure(model, new KeyStatisticsSource([few], Ridge: 0))).Message.ShouldContain("cannot be factored with ridge 0");
        Measure(model, new KeyStatisticsSource([folder.Write("many", TinyText.Of(200))])).Ridge.ShouldBe(0);
    }

    [Fact]
    public void What_cannot_be_measured_is_refused()
    {
        using var model = new TinyModel(TinyModels.Gpt2);
        ImmutableArray<string> text = [folder.Write("text", TinyText.Of(3))];
        Refused(new KeyStatisticsSource(text, Context: 0), "a context of 0 tokens");
        Refused(new KeyStatisticsSource(text, Ridge: -1), "-1 is no ridge");
        Refused(new KeyStatisticsSource(text, Ridge: double.NaN), "NaN is no ridge");
        Refused(new KeyStatisticsSource(text, MaxTokens: 0), "no token may be read");
        Refused(new KeyStatisticsSource([folder.Write("empty", "\n \n")]), "no text in these files");
        Refused(new KeyStatisticsSource([folder.File("absent")]), "cannot be read");

        void Refused(KeyStatisticsSource source, string problem) => Should.Throw<CorpusException>(() => Measure(model, source)).Message.ShouldContain(problem);
    }

    public void Dispose() => folder.Dispose();

    private string Stats => folder.File("stats");

    private KeyStatistics Measure(TinyModel model, KeyStatisticsSource source)
    {
        using var editor = model.Editor(Layer);
        return editor.Measure(new KeyStatisticsStore(Stats), source, null, CancellationToken.None);
    }

    private float[] Stored(KeyStatistics statistics)
    {
        using var file = SafetensorsFile.Open(KeyStatisticsStore.MatrixPath(Stats, statistics.Digest));
        return file.ReadFloats("C");
    }

    private static (double[] C, long Tokens, long Documents) Plain(TinyModel model, string[] lines, int context, long most)
    {
        const int dk = TinyModels.Inner;
        var (sum, tokens, documents) = (new double[dk * dk], 0L, 0L);
        foreach (var line in lines)
        {
            int[] ids = [.. model.Tokenizer.Encode(line).Take((int)Math.Min(context, most - tokens))];
            if (ids.Length == 0) break;
            foreach (var k in Keys(model.Model, ids))
                for (var i = 0; i < dk; i++)
                    for (var j = 0; j < dk; j++) sum[i * dk + j] += (double)k[i] * k[j];
            tokens += ids.Length;
            documents++;
        }
        return ([.. sum.Select(x => x / tokens)], tokens, documents);
    }

    private static float[][] Keys(Decoder model, int[] ids)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var rows = TokenRows.FromLeft([ids]);
        using var pass = Pass.Over(rows, CPU);
        return [.. model.Key(Layer, model.Run(model.Embed(rows.Ids(CPU), pass), pass, 0, Layer), pass).K.Floats().Chunk(TinyModels.Inner)];
    }
}
