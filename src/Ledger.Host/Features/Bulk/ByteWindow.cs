namespace Ledger.Host.Features.Bulk;

/// <summary>A stretch of a file that moves on: as much in memory as one record takes, and where it lies.</summary>
internal sealed class ByteWindow(string path, Stream stream)
{
    /// <summary>No record is larger: an event has at most 1 MiB.</summary>
    public const int Largest = 1 << 24;

    private byte[] buffer = new byte[1 << 16];
    private int start, end;

    public ReadOnlyMemory<byte> Bytes => buffer.AsMemory(start, end - start);

    public ReadOnlySpan<byte> Span => buffer.AsSpan(start, end - start);

    /// <summary>Whether nothing stands in the file behind these bytes.</summary>
    public bool Ended { get; private set; }

    /// <summary>The line that the first byte stands on, from 1.</summary>
    public long Line { get; private set; } = 1;

    /// <summary>How many bytes stand before it on its line.</summary>
    public long Column { get; private set; }

    /// <summary>Reads on, behind what is here.</summary>
    /// <returns>False at the end of the file.</returns>
    /// <exception cref="BulkFileException">What is here is larger than any record.</exception>
    public bool More()
    {
        if (Ended) return false;
        if (end == buffer.Length)
        {
            if (end - start == buffer.Length && buffer.Length >= Largest)
                throw new BulkFileException(path, Line, Column + 1, $"a record of more than {Largest:N0} bytes", "mend the file: its records are not told apart");
            var larger = start > buffer.Length / 2 ? buffer : new byte[2 * buffer.Length];
            Span.CopyTo(larger);
            (buffer, start, end) = (larger, 0, end - start);
        }
        var read = stream.Read(buffer, end, buffer.Length - end);
        end += read;
        Ended = read == 0;
        return !Ended;
    }

    public void Advance(int by)
    {
        var passed = Span[..by];
        var last = passed.LastIndexOf((byte)'\n');
        Line += passed.Count((byte)'\n');
        Column = last < 0 ? Column + by : by - last - 1;
        start += by;
    }

    /// <summary>Goes to the next byte that is not white space.</summary>
    /// <returns>False when there is none.</returns>
    public bool SkipSpace()
    {
        while (true)
        {
            var at = Span.IndexOfAnyExcept(" \t\r\n"u8);
            Advance(at < 0 ? Span.Length : at);
            if (at >= 0) return true;
            if (!More()) return false;
        }
    }
}
