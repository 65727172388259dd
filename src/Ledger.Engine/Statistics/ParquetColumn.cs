using Ledger.Domain;
using ParquetSharp;

namespace Ledger.Engine.Statistics;

/// <summary>A text column of a Parquet file, page by page. A place is a row.</summary>
internal sealed class ParquetColumn(string path, string name, string column, int longest) : CorpusFile(path, name)
{
    private const int Batch = 64, PageBuffer = 1 << 20;

    private readonly string column = column;

    public override IEnumerable<(string Text, long Next, long Read)> From(long place)
    {
        using var reader = new Reader(this);
        long row = 0;
        for (var group = 0; group < reader.Groups.Length; group++)
        {
            var end = row + reader.Groups[group];
            if (end <= place)
            {
                row = end;
                continue;
            }
            foreach (var text in reader.Texts(group))
                if (row++ >= place) yield return (TextBytes.Cut(text ?? "", longest), row, Bytes * row / reader.Rows);
            if (row != end) throw Damaged($"row group {group} has not the rows it says");
        }
    }

    /// <summary>The footer is read at once: a column that is not there shows before hours of measuring.</summary>
    protected override void Look(long bytes) => new Reader(this).Dispose();

    private CorpusException Damaged(string problem) => new($"{Path} is damaged, or no Parquet: {problem}", "fetch or make the file again");

    /// <summary>What the native library says in its own exceptions is said of this file.</summary>
    private T Native<T>(Func<T> read)
    {
        try
        {
            return Checked(read);
        }
        catch (Exception e) when (e is not (LedgerException or TypeLoadException or TypeInitializationException))       // those: the library is not there
        {
            throw Damaged(e.Message.Split('\n')[0]);
        }
    }

    private sealed class Reader : IDisposable
    {
        private readonly ParquetColumn of;
        private readonly ReaderProperties properties = ReaderProperties.GetDefaultReaderProperties();
        private readonly ParquetFileReader file;
        private readonly int index;

        public Reader(ParquetColumn of)
        {
            this.of = of;
            // Otherwise a row group's whole column would be read before its first page.
            properties.EnableBufferedStream();
            properties.EnablePageChecksumVerification();
            properties.BufferSize = PageBuffer;
            file = of.Native(() => new ParquetFileReader(of.Path, properties));
            try
            {
                index = Find();
                Groups = of.Native(() => Enumerable.Range(0, file.FileMetaData.NumRowGroups).Select(RowsOf).ToArray());
                Rows = of.Native(Groups.Sum);
                if (Groups.Any(n => n < 0)) throw of.Damaged("a row group has fewer rows than none");
            }
            catch
            {
                Dispose();
                throw;
            }
        }

        /// <summary>Rows of each row group.</summary>
        public long[] Groups { get; }

        public long Rows { get; }

        public IEnumerable<string?> Texts(int group)
        {
            using var rows = of.Native(() => file.RowGroup(group));
            using var chunk = of.Native(() => rows.Column(index));
            using var column = of.Native(() => chunk.LogicalReader<string?>(Batch));
            var some = new string?[Batch];
            for (int n; (n = of.Native(() => column.HasNext ? column.ReadBatch(some) : 0)) > 0;)
                for (var i = 0; i < n; i++) yield return some[i];
        }

        public void Dispose()
        {
            file.Dispose();
            properties.Dispose();
        }

        private long RowsOf(int group)
        {
            using var rows = file.RowGroup(group);
            return rows.MetaData.NumRows;
        }

        private int Find()
        {
            var schema = file.FileMetaData.Schema;
            var names = of.Native(() => Enumerable.Range(0, schema.NumColumns).Select(i => schema.Column(i).Path.ToDotString()).ToArray());
            if (Array.IndexOf(names, of.column) is >= 0 and var found) return RequireText(schema.Column(found), found);
            throw new CorpusException($"{of.Path} has no column \"{of.column}\".", $"say with --column which holds the text; there are: {CorpusException.Some(names)}");
        }

        private int RequireText(ColumnDescriptor descriptor, int found)
        {
            var what = of.Native(() => descriptor.LogicalType.Type);
            if (what == LogicalTypeEnum.String && descriptor.MaxRepetitionLevel == 0) return found;
            throw new CorpusException($"The column \"{of.column}\" of {of.Path} is {descriptor.PhysicalType} ({what}), not one text a row.", "say with --column which column holds the text");
        }
    }
}
