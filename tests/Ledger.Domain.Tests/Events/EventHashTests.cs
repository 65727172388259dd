using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using CsCheck;
using Ledger.Domain.Events;
using Ledger.TestKit;

namespace Ledger.Domain.Tests.Events;

public sealed class EventHashTests
{
    private static readonly Gen<RecordedEvent> Any = Gen.Select(Gens.Any, Gen.Int[0, 1_000_000], Gens.Digest, (e, number, previous) => Some.Recorded(e, number, previous: previous));

    [Fact]
    public void The_hash_is_SHA_256_over_the_documented_bytes()
    {
        var e = Some.Recorded(Some.Dismissed(), 0x0102030405, previous: Some.Digest("before"));
        using var bytes = new MemoryStream();
        Text("timeline-" + Some.MainId);
        Span<byte> number = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(number, 0x0102030405);
        bytes.Write(number);
        Text("edit-dismissed.v1");
        Bytes(e.Metadata.Span);
        Bytes(e.Data.Span);
        bytes.Write(Some.Digest("before").ToBytes());
        Convert.ToHexStringLower(SHA256.HashData(bytes.ToArray())).ShouldBe(EventHash.Of(e).ToString());

        void Text(string text) => Bytes(Encoding.UTF8.GetBytes(text));

        void Bytes(ReadOnlySpan<byte> value)
        {
            Span<byte> length = stackalloc byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(length, value.Length);
            bytes.Write(length);
            bytes.Write(value);
        }
    }

    [Fact]
    public void The_hash_is_the_same_in_every_version_of_this_program() =>
        EventHash.Of(StreamName.Parse("timeline-a"), 7, "edit-dismissed.v1", "{}"u8, "{\"edit\":1}"u8, Digest.Of("before"u8))
            .ToString().ShouldBe("298688ca667a35d0e92380e45b30ac5f99be45bd9f695c2ee8d49d08f8376d3c");

    [Fact]
    public void Changing_any_one_byte_of_what_the_hash_covers_changes_it() =>
        Gen.Select(Any, Gen.Int[0, 5], Gen.Int[0, int.MaxValue], Gen.Byte[1, 255]).Sample((e, part, where, flip) =>
        {
            var changed = part switch
            {
                0 => e with { Stream = StreamName.Parse(Letter(e.Stream.ToString(), where)) },
                1 => e with { Number = e.Number ^ ((long)flip << 8 * (where % 8)) },
                2 => e with { Type = Letter(e.Type, where) },
                3 => e with { Metadata = Flipped(e.Metadata.Span, where, flip) },
                4 => e with { Data = Flipped(e.Data.Span, where, flip) },
                _ => e with { Previous = new Digest(Flipped(e.Previous.ToBytes(), where, flip)) },
            };
            return EventHash.Of(e) == e.Hash && EventHash.Of(changed) != e.Hash;
        }, iter: 5000);

    [Fact]
    public void Moving_a_byte_from_one_part_to_the_next_changes_the_hash()
    {
        var (stream, previous) = (StreamName.Parse("timeline-a"), Some.Digest("before"));
        EventHash.Of(stream, 0, "ab", "cd"u8, "ef"u8, previous).ShouldNotBe(EventHash.Of(stream, 0, "abc", "d"u8, "ef"u8, previous));
        EventHash.Of(stream, 0, "ab", "cd"u8, "ef"u8, previous).ShouldNotBe(EventHash.Of(stream, 0, "ab", "cde"u8, "f"u8, previous));
        EventHash.Of(stream, 0, "ab", ""u8, "cdef"u8, previous).ShouldNotBe(EventHash.Of(stream, 0, "ab", "cdef"u8, ""u8, previous));
    }

    [Fact]
    public void The_place_in_the_store_is_not_covered() => Any.Sample(e => EventHash.Of(e with { Position = new StorePosition(e.Position.Value + 1) }) == e.Hash, iter: 100);

    private static byte[] Flipped(ReadOnlySpan<byte> bytes, int where, byte flip)
    {
        var changed = bytes.ToArray();
        changed[where % changed.Length] ^= flip;
        return changed;
    }

    private static string Letter(string text, int where)
    {
        var chars = text.ToCharArray();
        chars[where % chars.Length] = chars[where % chars.Length] == 'a' ? 'b' : 'a';
        return new string(chars);
    }
}
