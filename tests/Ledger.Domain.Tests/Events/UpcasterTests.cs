using System.Text;
using Ledger.Domain.Events;
using Ledger.TestKit;

namespace Ledger.Domain.Tests.Events;

public sealed class UpcasterTests
{
    /// <summary>An old form that said "why", and one still older that had no reason at all.</summary>
    private static readonly EventJson Upcasting = new(
    [
        new Upcaster("edit-dismissed.v-1", "edit-dismissed.v0", o => { o["why"] = "unknown"; return o; }),
        new Upcaster("edit-dismissed.v0", "edit-dismissed.v1", o =>
        {
            o["reason"] = o["why"]!.GetValue<string>();
            o.Remove("why");
            return o;
        }),
    ]);

    [Fact]
    public void An_old_form_is_read_as_todays_and_its_bytes_stay_as_they_are()
    {
        var bytes = Encoding.UTF8.GetBytes($$"""{"why":"useless","edit":"{{Some.Edit(1)}}"}""");
        var stored = Some.Recorded("edit-dismissed.v0", bytes);
        var before = stored.Data.ToArray();
        var read = Upcasting.Read(stored);
        read.Event.ShouldBe(Some.Dismissed());
        stored.Data.ToArray().ShouldBe(before);
        read.Hash.ShouldBe(EventHash.Of(stored));
    }

    [Fact]
    public void An_older_form_goes_through_every_step() =>
        Upcasting.Read(Some.Recorded("edit-dismissed.v-1", Encoding.UTF8.GetBytes($$"""{"edit":"{{Some.Edit(1)}}"}"""))).Event.ShouldBe(new EditDismissed(Some.Edit(1), "unknown"));

    [Fact]
    public void Todays_form_is_not_upcast() => Upcasting.Read(Some.Recorded(Some.Dismissed())).Event.ShouldBe(Some.Dismissed());

    [Theory]
    [InlineData("""{"why":"useless","edit":"nobody"}""")]
    [InlineData("""{"why":5,"edit":"7d2w0000000000000000000001"}""")]
    [InlineData("""{"edit":"7d2w0000000000000000000001"}""")]
    [InlineData("""{"why":"a","why":"b","edit":"7d2w0000000000000000000001"}""")]
    [InlineData("""{"why":"a","more":1,"edit":"7d2w0000000000000000000001"}""")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{")]
    [InlineData("")]
    public void A_damaged_old_form_is_named_as_such(string payload) =>
        Should.Throw<DamagedEventException>(() => Upcasting.Read(Some.Recorded("edit-dismissed.v0", Encoding.UTF8.GetBytes(payload)))).Message.ShouldContain("edit-dismissed.v0");

    [Fact]
    public void A_chain_that_ends_nowhere_names_the_stored_form()
    {
        var broken = new EventJson([new Upcaster("edit-forgotten.v1", "edit-forgotten.v2", o => o)]);
        Should.Throw<UnknownEventException>(() => broken.Read(Some.Recorded("edit-forgotten.v1", "{}"u8.ToArray()))).Type.ShouldBe("edit-forgotten.v1");
    }

    [Fact]
    public void A_form_that_is_written_today_cannot_be_upcast_and_no_chain_runs_in_a_circle()
    {
        Should.Throw<ArgumentException>(() => new EventJson([new Upcaster("edit-dismissed.v1", "edit-reverted.v1", o => o)]));
        Should.Throw<ArgumentException>(() => new EventJson([new Upcaster("a.v1", "b.v1", o => o), new Upcaster("b.v1", "a.v1", o => o)]));
    }
}
