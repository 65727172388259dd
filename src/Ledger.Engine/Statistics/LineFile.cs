using ICSharpCode.SharpZipLib;
using ICSharpCode.SharpZipLib.GZip;

namespace Ledger.Engine.Statistics;

/// <summary>A file of lines, gzip or not. gzip is read by SharpZipLib: the library of .NET takes a cut-off file for a whole one.</summary>
internal abstract class LineFile(string path, string name, bool zipped) : CorpusFile(path, name)
{
    protected bool Zipped => zipped;

    public override string Kind => zipped ? $"{base.Kind}.gz" : base.Kind;

    /// <summary>A zero byte is in no text, but in UTF-16, images and archives: better refused than measured.</summary>
    protected override void LookAt(ReadOnlySpan<byte> bytes, long at)
    {
        if (!zipped) RequireText(bytes, at);
    }

    /// <param name="longest">Bytes of a line that are kept.</param>
    protected IEnumerable<LineReader> Lines(int longest, long offset = 0)
    {
        using var file = Open();
        file.Seek(offset, SeekOrigin.Begin);
        using Stream stream = zipped ? new GZipInputStream(file, 1 << 16) { IsStreamOwner = false } : file;
        var lines = new LineReader(bytes => Read(stream, bytes), longest, offset);
        while (lines.Next())
        {
            lines.Read = file.Position;
            yield return lines;
        }
    }

    private int Read(Stream stream, Memory<byte> bytes)
    {
        try
        {
            // An empty file is no gzip, and no text either.
            var n = Checked(() => zipped && Bytes == 0 ? 0 : stream.Read(bytes.Span));
            if (zipped) RequireText(bytes.Span[..n], null);
            return n;
        }
        catch (Exception e) when (e is SharpZipBaseException or IndexOutOfRangeException)
        {
            throw new CorpusException($"{Path} is damaged, or no gzip: {e.Message}", "fetch or make the file again");
        }
    }

    private void RequireText(ReadOnlySpan<byte> bytes, long? at)
    {
        if (bytes.IndexOf((byte)0) is >= 0 and var zero)
            throw new CorpusException($"{Path} is no UTF-8 text: it has a zero byte{(at is { } start ? $" at {start + zero}" : "")}.", Remedy);
    }
}

/// <summary>One document a line: only the line's end is taken off. What is not UTF-8 becomes U+FFFD.</summary>
internal sealed class PlainText(string path, string name, bool zipped, int longest) : LineFile(path, name, zipped)
{
    public override bool HasColumns => false;

    /// <summary>A place is a byte, or in gzip, where none can be jumped to, a line.</summary>
    public override IEnumerable<(string Text, long Next, long Read)> From(long place) => Zipped
        ? Lines(longest).SkipWhile(l => l.Number <= place).Select(l => (l.Text, l.Number, l.Read))
        : Lines(longest, place).Select(l => (l.Text, l.End, l.End));
}
