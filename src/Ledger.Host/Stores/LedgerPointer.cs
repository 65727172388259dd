using System.Text.Encodings.Web;
using System.Text.Json;
using Ledger.Domain;
using Ledger.Host.Stores.EventStoreDb;

namespace Ledger.Host.Stores;

/// <summary>A ledger file that holds no events but says where they are: a line of JSON. What lies beside the file, C and caches, lies there as for any other.</summary>
/// <param name="Server">The connection string, without user and password.</param>
public sealed record LedgerPointer(string Server, LedgerId Ledger)
{
    private const string Form = "ledger-pointer.v1";
    private const int Longest = 64 << 10;

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    // A connection string has an & between its options; nobody puts this file into a page.
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Where to connect, as whom the environment says.</summary>
    /// <exception cref="ConnectionStringException">The connection string is none.</exception>
    public ServerAddress Address => ServerAddress.Parse(Server, ServerCredentials.FromEnvironment());

    /// <summary>The pointer in a file; null where the file is none, or not there.</summary>
    /// <exception cref="NotALedgerException">It begins like one and is none.</exception>
    public static LedgerPointer? TryRead(string path)
    {
        byte[] text;
        try
        {
            if (!File.Exists(path)) return null;
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (!BeginsLikeOne(file)) return null;
            if (file.Length > Longest) throw new NotALedgerException(path, "it is too long to say where one is");
            file.Position = 0;
            text = new byte[file.Length];
            file.ReadExactly(text);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnwritableException(path, e);
        }
        try
        {
            var fields = JsonSerializer.Deserialize<Dictionary<string, string?>>(text.AsSpan().TrimStart(ByteOrderMark))!;
            if (fields.GetValueOrDefault("format") != Form) throw new FormatException($"its format is not {Form}");
            return new LedgerPointer(Field("server"), LedgerId.Parse(Field("ledger")));

            string Field(string name) => fields.GetValueOrDefault(name) ?? throw new FormatException($"it does not say which {name}");
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            throw new NotALedgerException(path, $"it begins like a file that says where one is, but {(e is FormatException ? e.Message.TrimEnd('.') : "has another form")}");
        }
    }

    /// <summary>An editor may have put a byte order mark or a space before it.</summary>
    private static bool BeginsLikeOne(FileStream file)
    {
        Span<byte> start = stackalloc byte[64];
        return start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)].TrimStart(ByteOrderMark).TrimStart(" \t\r\n"u8) is [(byte)'{', ..];
    }

    public string ToJson() => JsonSerializer.Serialize(new { format = Form, server = Server, ledger = Ledger.ToString() }, Json) + "\n";
}
