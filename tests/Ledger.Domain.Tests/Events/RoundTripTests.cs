using CsCheck;
using Ledger.Domain.Events;
using Ledger.TestKit;

namespace Ledger.Domain.Tests.Events;

public sealed class RoundTripTests
{
    private const int Cases = 2000;

    public static TheoryData<Type> EventTypes() => [.. EventJson.Names.Values];

    [Theory]
    [MemberData(nameof(EventTypes))]
    public void An_event_comes_back_from_its_stored_form_bit_for_bit(Type type) =>
        Gens.Events[type].Sample(e =>
        {
            var stored = Some.Recorded(e);
            var back = EventJson.Current.Read(stored).Event;
            return back.Equals(e) && e.Equals(back) && back.GetHashCode() == e.GetHashCode() && EventJson.Serialize(back).AsSpan().SequenceEqual(stored.Data.Span);
        }, iter: Cases);

    [Fact]
    public void Metadata_come_back_from_their_stored_form() =>
        Gens.Metadata.Sample(metadata =>
        {
            var e = Some.Dismissed();
            var stored = Some.Recorded(e) with { Id = metadata.EventId, Metadata = EventJson.Serialize(metadata) };
            var back = EventJson.Current.Read(stored);
            return back.Metadata == metadata && back.Metadata.Time.Offset == TimeSpan.Zero && EventJson.Serialize(back.Metadata).AsSpan().SequenceEqual(stored.Metadata.Span);
        }, iter: Cases);

    [Fact]
    public void Every_event_type_has_a_generator() => Gens.Events.Keys.ShouldBe(EventJson.Names.Values, ignoreOrder: true);
}
