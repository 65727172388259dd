using System.IO.Compression;
using System.Text;
using System.Text.Json;

namespace Ledger.TestKit;

/// <summary>The same documents in other clothes.</summary>
public static class Corpora
{
    public static byte[] Gzip(byte[] bytes)
    {
        using var to = new MemoryStream();
        using (var gzip = new GZipStream(to, CompressionLevel.Fastest)) gzip.Write(bytes);
        return to.ToArray();
    }

    public static byte[] Gzip(string text) => Gzip(Encoding.UTF8.GetBytes(text));

    public static string JsonLines(IEnumerable<string?> documents, string column = "text") =>
        string.Concat(documents.Select((d, i) => JsonSerializer.Serialize(new Dictionary<string, object?> { ["id"] = i, [column] = d }) + "\n"));
}
