using System.Text;
using System.Text.Json;
using Ledger.Domain;
using Ledger.Engine.Checkpoints;
using Ledger.Engine.Models;
using Ledger.Engine.Tests.Support;
using Ledger.Engine.Tokenizing;
using static TorchSharp.torch;

namespace Ledger.Engine.Tests.Malformed;

/// <summary>The same idea for the other files: a damaged one is read as something the engine can run, or refused with the engine's own exception.</summary>
public sealed class MutatedFilesTests : IDisposable
{
    private const long MostAllocated = 1 << 24;

    private readonly TemporaryFolder folder = new();

    [Theory]
    [InlineData(TinyModels.Gpt2)]
    [InlineData(TinyModels.GptNeoX)]
    [InlineData(TinyModels.Llama3Rope)]
    [InlineData(TinyModels.Mistral)]
    public void A_damaged_config_describes_the_weights_or_is_refused(string kind)
    {
        TinyModels.Write(folder.Path, kind);
        var config = Encoding.UTF8.GetBytes(TinyModels.Config(kind).ToJsonString());
        Damage(CheckpointFolder.ConfigFile, config, 1000, atLeast: 20, () =>
        {
            var opened = CheckpointFolder.Open(folder.Path);
            using var checkpoint = SafetensorsCheckpoint.Open(opened);
            ModelCatalog.Load(opened.Config, checkpoint, CPU, CancellationToken.None).Dispose();
        });
    }

    [Fact]
    public void A_damaged_index_finds_every_tensor_or_is_refused()
    {
        folder.Write(CheckpointFolder.ConfigFile, TinyModels.Config(TinyModels.Gpt2).ToJsonString());
        var weights = TinyModels.Weights(TinyModels.Gpt2).Take(9).ToArray();
        foreach (var shard in weights.Select((w, i) => (w, File: $"model-0000{i % 3 + 1}-of-00003.safetensors")).GroupBy(p => p.File)) TinyModels.Write(folder.File(shard.Key), shard.Select(p => p.w));
        var map = weights.Select((w, i) => (w.Name, File: $"model-0000{i % 3 + 1}-of-00003.safetensors")).ToDictionary(p => p.Name, p => p.File);
        var index = JsonSerializer.SerializeToUtf8Bytes(new { metadata = new { total_size = 1234 }, weight_map = map });
        Damage(CheckpointFolder.IndexFile, index, 4000, atLeast: 100, () =>
        {
            using var checkpoint = SafetensorsCheckpoint.Open(CheckpointFolder.Open(folder.Path));
            checkpoint.Tensors.Keys.Order(StringComparer.Ordinal).ShouldBe(map.Keys.Order(StringComparer.Ordinal));
            foreach (var name in checkpoint.Tensors.Keys) checkpoint.ReadFloats(name);
        });
    }

    [Fact]
    public void A_damaged_tokenizer_gives_ids_it_can_decode_or_is_refused() =>
        Damage("tokenizer.json", Encoding.UTF8.GetBytes(TinyTokenizer.Json().ToJsonString()), 4000, atLeast: 100, UseTokenizer);

    [Theory]
    [InlineData("vocab.json")]
    [InlineData("merges.txt")]
    [InlineData("tokenizer_config.json")]
    public void So_do_the_older_files(string file)
    {
        TinyTokenizer.WriteVocabularyAndMerges(folder.Path);
        folder.Write("tokenizer_config.json", """{"add_prefix_space":false,"bos_token":"<|endoftext|>","added_tokens_decoder":{"268":{"content":"<|endoftext|>","special":true},"300":{"content":"<s>"}},"additional_special_tokens":["<a>"]}""");
        Damage(file, File.ReadAllBytes(folder.File(file)), 1500, atLeast: 20, UseTokenizer);
    }

    public void Dispose() => folder.Dispose();

    private void UseTokenizer()
    {
        var tokenizer = TokenizerLoader.LoadFiles(folder.Path);
        foreach (var text in (string[])["In the other morning", $" a{TinyTokenizer.EndOfText}b<s>", "naïve 𝕏\0\n", "\ud800"])
        {
            var ids = tokenizer.Encode(text);
            ids.ShouldAllBe(id => id >= 0 && id < tokenizer.VocabularySize);
            tokenizer.Decode(ids);
        }
    }

    private void Damage(string file, byte[] valid, int count, int atLeast, Action use)
    {
        var mutations = new Mutations(3);
        var (used, most) = (0, 0L);
        for (var i = 0; i < count; i++)
        {
            var damaged = mutations.Of(valid);
            var path = folder.Write(file, damaged);
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                use();
                used++;
            }
            catch (LedgerException e)
            {
                e.Kind.ShouldBe(FailureKind.BadInput, e.Message);
                e.Message.Length.ShouldBeLessThan(700);
                e.Remedy.ShouldNotBeNull();
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"case {i} of {path}: {e.GetType().Name} on {Encoding.UTF8.GetString(damaged)}", e);
            }
            most = Math.Max(most, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        TestContext.Current.SendDiagnosticMessage($"{file}: {used} of {count} used, at most {most} bytes allocated");
        used.ShouldBeGreaterThan(atLeast);
        most.ShouldBeLessThan(MostAllocated);
    }
}
