using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;
using Ledger.TestKit;

namespace Ledger.Domain.Tests.Events;

/// <summary>The largest event a ledger promises to hold fits into every store.</summary>
public sealed class EventSizeTests
{
    private const int Dk = 28_672, Dv = 8_192;

    [Fact]
    public void An_edit_of_the_largest_matrix_with_twenty_long_paraphrases_and_neighbours_stays_under_the_limit()
    {
        var record = Largest(evaluations: Hyperparameters.Published.Evaluations);
        Size(new EditApplied(record)).ShouldBeLessThan(IEventStore.MaxEventBytes);
        Size(new EditReleased(record.Edit, Variant.Rome, ReleaseMode.Optimise, record.Solution, record.Delta.Digest, record.Signals, record.Verdict, "why", record.After, record.Fingerprint))
            .ShouldBeLessThan(IEventStore.MaxEventBytes);
    }

    [Fact]
    public void So_does_one_with_the_longest_search_that_hyperparameters_allow() =>
        Size(new EditApplied(Largest(evaluations: Hyperparameters.MaxEvaluations))).ShouldBeLessThan(IEventStore.MaxEventBytes);

    [Fact]
    public void It_comes_back_bit_for_bit()
    {
        var e = new EditApplied(Largest(evaluations: 20));
        EventJson.Current.Read(Some.Recorded(e)).Event.ShouldBe(e);
    }

    private static int Size(LedgerEvent e)
    {
        var bytes = EventJson.Serialize(e).Length;
        TestContext.Current.TestOutputHelper?.WriteLine($"{EventJson.NameOf(e)}: {bytes:N0} bytes, {100.0 * bytes / IEventStore.MaxEventBytes:f1} % of the limit");
        return bytes;
    }

    private static EditRecord Largest(int evaluations)
    {
        var random = new Random(1);
        string[] prompts = [.. Enumerable.Range(0, 20).Select(i => string.Concat(Enumerable.Repeat($"Danielle Darrieux, née à Bordeaux ({i}), ", 10)))];
        var record = Some.Record();
        return record with
        {
            Request = record.Request with { Paraphrases = [.. prompts], Neighbours = [.. prompts] },
            Matrix = new MatrixAddress(40, "model.layers.40.mlp.down_proj.weight", Dv, Dk),
            Keys = new EditKeys(Vector(Dk), Vector(Dk), Vector(Dk), Vector(Dk), Vector(Dv), Vector(Dv)),
            Solution = new EditSolution(Vector(Dv), Vector(Dv), Vector(Dv), Vector(Dv), FactorU.UBar),
            Signals = record.Signals with { Loss = [.. Enumerable.Range(0, evaluations).Select(_ => new LossPoint(Number(), Number(), Number(), Number(), Number(), Number()))] },
            Fingerprint = Some.Digest("fingerprint"),
        };

        Float32Vector Vector(int length) => Float32Vector.Create(length, span =>
        {
            foreach (ref var v in span) v = (float)Number();
        });

        double Number() => random.NextDouble() - 0.5;
    }
}
