using System.Text;
using System.Text.Json;
using Ledger.Domain;
using Ledger.Host.Stores.EventStoreDb;
using Ledger.Host.Tests.Support.EventStoreDb;

namespace Ledger.Host.Tests.Stores.EventStoreDb;

/// <summary>What lies beside an event at the server; docs/event-format.md, "On a server".</summary>
public sealed class EventFrameTests
{
    [Fact]
    public void The_form_is_the_one_documented_and_JSON()
    {
        var id = Guid.Parse("0194b1c2-3d4e-5f60-7182-93a4b5c6d7e8");
        var bytes = new EventFrame(id, Digest.Zero, Digest.Zero, "{\"actor\":\"Änne\"}"u8.ToArray()).ToBytes();
        bytes.ShouldBe(FakeFrame.Of(id, "{\"actor\":\"Änne\"}"u8));
        using var json = JsonDocument.Parse(bytes);
        json.RootElement.EnumerateObject().Select(p => p.Name).ShouldBe(["id", "previous", "hash", "metadata"]);
        json.RootElement.GetProperty("metadata").GetProperty("actor").GetString().ShouldBe("Änne");
    }

    [Fact]
    public void Metadata_of_any_bytes_come_back_as_they_were()
    {
        foreach (var metadata in new byte[][] { [], "}"u8.ToArray(), [.. Enumerable.Range(0, 256).Select(i => (byte)i)], "{ \"a\" : 1 }"u8.ToArray() })
        {
            var frame = new EventFrame(Guid.NewGuid(), Digest.Of("a"u8), Digest.Of("b"u8), metadata);
            var read = EventFrame.Read(frame.ToBytes());
            (read.Id, read.Previous, read.Hash).ShouldBe((frame.Id, frame.Previous, frame.Hash));
            read.Metadata.ToArray().ShouldBe(metadata);
        }
    }

    [Fact]
    public void What_is_no_frame_is_refused_at_every_byte()
    {
        var whole = new EventFrame(Guid.NewGuid(), Digest.Of("a"u8), Digest.Of("b"u8), "{}"u8.ToArray()).ToBytes();
        for (var cut = 0; cut < EventFrame.Overhead; cut++) Should.Throw<FormatException>(() => EventFrame.Read(whole[..cut]));
        for (var at = 0; at < whole.Length; at++)
        {
            if (at >= EventFrame.Overhead - 1 && at < whole.Length - 1) continue;       // the metadata's own
            var changed = (byte[])whole.Clone();
            changed[at] = (byte)'X';
            Should.Throw<FormatException>(() => EventFrame.Read(changed), $"byte {at}");
        }
    }

    [Theory]
    [InlineData("{\"a\":[1,2,null]}", "application/json")]
    [InlineData("", "application/octet-stream")]
    [InlineData("{\"a\":", "application/octet-stream")]
    [InlineData("\u0001", "application/octet-stream")]
    public void The_server_is_told_JSON_only_where_it_is(string data, string type) => EventFrame.ContentType(Encoding.UTF8.GetBytes(data)).ShouldBe(type);
}
