using System.Buffers;
using System.Text;

namespace Ledger.Engine.Statistics;

/// <summary>Lines of a stream of bytes, of which no more than so many bytes are kept: a line without an end does not fill the memory.</summary>
/// <param name="read">Fills some of a buffer; 0 at the end.</param>
/// <param name="longest">Bytes of a line that are kept.</param>
/// <param name="offset">Where the stream stands; at 0 a byte order mark is passed over.</param>
internal sealed class LineReader(Func<Memory<byte>, int> read, int longest, long offset)
{
    private readonly byte[] buffer = new byte[1 << 16];
    private readonly ArrayBufferWriter<byte> line = new();
    private int at, filled;
    private bool begun = offset > 0;

    /// <summary>Where the next line begins, in bytes.</summary>
    public long End { get; private set; } = offset;

    /// <summary>Of the line, from 1 where reading began.</summary>
    public long Number { get; private set; }

    /// <summary>Whether the line was longer than what is kept of it.</summary>
    public bool Cut { get; private set; }

    /// <summary>Bytes of the file read so far.</summary>
    public long Read { get; set; }

    /// <summary>The line without its end.</summary>
    public ReadOnlyMemory<byte> Bytes => line.WrittenSpan is [.., (byte)'\r'] ? line.WrittenMemory[..^1] : line.WrittenMemory;

    public string Text
    {
        get
        {
            var bytes = Bytes.Span;
            // A line cut inside a character loses that character, not more.
            if (Cut && Rune.DecodeLastFromUtf8(bytes, out _, out var part) == OperationStatus.NeedMoreData) bytes = bytes[..^part];
            return Encoding.UTF8.GetString(bytes);
        }
    }

    /// <summary>Goes on to the next line; false at the end.</summary>
    public bool Next()
    {
        if (!begun) SkipMark();
        line.ResetWrittenCount();
        Cut = false;
        var any = false;
        while (at < filled || Fill())
        {
            any = true;
            var rest = buffer.AsSpan(at, filled - at);
            var end = rest.IndexOf((byte)'\n');
            Keep(end < 0 ? rest : rest[..end]);
            var taken = end < 0 ? rest.Length : end + 1;
            at += taken;
            End += taken;
            if (end >= 0) break;
        }
        if (any) Number++;
        return any;
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        var room = longest - line.WrittenCount;
        if (bytes.Length > room) Cut = true;
        line.Write(bytes[..Math.Min(bytes.Length, room)]);
    }

    private void SkipMark()
    {
        begun = true;
        var mark = Encoding.UTF8.Preamble;
        while (filled < mark.Length && read(buffer.AsMemory(filled)) is > 0 and var n) filled += n;
        if (!buffer.AsSpan(0, filled).StartsWith(mark)) return;
        at = mark.Length;
        End = mark.Length;
    }

    private bool Fill()
    {
        at = 0;
        filled = read(buffer);
        return filled > 0;
    }
}
