using ParquetSharp;

namespace Ledger.Engine.Tests.Support;

internal static class ParquetFiles
{
    /// <summary>A file of row groups with a number and a text.</summary>
    public static string Write(string path, IEnumerable<string?> documents, string column = "text", int rowsAGroup = 40)
    {
        using var file = new ParquetFileWriter(path, [new Column<int>("id"), new Column<string?>(column), new Column<string[]>("tags")], Compression.Snappy);
        foreach (var rows in documents.Chunk(rowsAGroup))
        {
            using var group = file.AppendRowGroup();
            using (var ids = group.NextColumn().LogicalWriter<int>()) ids.WriteBatch([.. Enumerable.Range(0, rows.Length)]);
            using (var texts = group.NextColumn().LogicalWriter<string?>()) texts.WriteBatch(rows);
            using (var tags = group.NextColumn().LogicalWriter<string[]>()) tags.WriteBatch([.. rows.Select(_ => new[] { "a", "b" })]);
        }
        file.Close();
        return path;
    }
}
