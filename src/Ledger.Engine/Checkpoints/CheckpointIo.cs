using System.Text.Json;

namespace Ledger.Engine.Checkpoints;

/// <summary>The only place where a checkpoint's files are opened: whatever the operating system says becomes a <see cref="CheckpointException"/>.</summary>
internal static class CheckpointIo
{
    /// <summary>Names given twice are refused: two readers would take two different values.</summary>
    public static JsonDocumentOptions Strict { get; } = new() { AllowDuplicateProperties = false };

    public static FileStream OpenRead(string path) => Translate(path, () =>
        new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0));

    public static byte[] ReadAllBytes(string path) => Translate(path, () => File.ReadAllBytes(path));

    /// <summary>A file whose top level is a JSON object.</summary>
    public static JsonDocument ReadObject(string path)
    {
        var bytes = ReadAllBytes(path);
        return Json(path, () =>
        {
            var document = JsonDocument.Parse(bytes, Strict);
            if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
            var kind = document.RootElement.ValueKind;
            document.Dispose();
            throw new CheckpointException(path, $"{path} holds a JSON {kind}, not an object.");
        });
    }

    /// <summary>Runs a reading of JSON. Text that is not UTF-8, or an escaped half of a surrogate pair, shows only when the string is asked for.</summary>
    public static T Json<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new CheckpointException(path, $"{path} is not the JSON it should be: {e.Message}", "fetch the file again", e);
        }
    }

    /// <summary>Builds a tokenizer; the library says in its own exceptions that vocabulary and merges do not fit together.</summary>
    public static T Bpe<T>(string path, Func<T> build)
    {
        try
        {
            return build();
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or FormatException)
        {
            throw new CheckpointException(path, $"{path}: vocabulary and merges do not fit together: {e.Message}", "fetch the tokenizer's files again", e);
        }
    }

    public static T Translate<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CheckpointException(path, $"{path} is not there.",
                "a link of the hub cache may point to a file that was never fetched: fetch the model again", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(path, $"{path} cannot be read: {e.Message}", inner: e);
        }
    }
}
