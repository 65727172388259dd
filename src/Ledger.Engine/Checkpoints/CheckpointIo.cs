using System.Text.Json;
using System.Text.Unicode;

namespace Ledger.Engine.Checkpoints;

/// <summary>The only place where a checkpoint's files are opened: whatever the operating system says becomes a <see cref="CheckpointException"/>.</summary>
internal static class CheckpointIo
{
    /// <summary>Names given twice are refused: two readers would take two different values.</summary>
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>Of what is read whole and parsed. The largest tokenizers have some ten megabytes; a safetensors header may have as many bytes.</summary>
    public const long LargestText = SafetensorsHeader.LongestHeader;

    public static FileStream OpenRead(string path) => Translate(path, () =>
    {
        RequireOrdinary(path);
        return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
    });

    public static byte[] ReadAllBytes(string path)
    {
        using var stream = OpenRead(path);
        return Translate(path, () =>
        {
            if (stream.Length > LargestText) throw new CheckpointException(path, $"{path} has {stream.Length} bytes; no such file has more than {LargestText}.", "fetch the file again");
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return bytes;
        });
    }

    /// <summary>A file whose top level is a JSON object.</summary>
    public static JsonDocument ReadObject(string path)
    {
        var bytes = ReadAllBytes(path);
        return Json(path, () =>
        {
            var document = Parse(bytes);
            if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
            var kind = document.RootElement.ValueKind;
            document.Dispose();
            throw new CheckpointException(path, $"{path} holds a JSON {kind}, not an object.");
        });
    }

    /// <summary>Text that is not UTF-8 would show only when it is asked for, and a damaged name, which nobody asks for, would be passed over.</summary>
    /// <exception cref="JsonException">To be translated by <see cref="Json"/>.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> json) => Utf8.IsValid(json.Span) ? JsonDocument.Parse(json, Strict) : throw new JsonException("it is not UTF-8.");

    /// <summary>Runs a reading of JSON. An escaped half of a surrogate pair shows only when the string is asked for.</summary>
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

    /// <summary>
    /// Opening a pipe waits until somebody writes to it, and a device may never end. Neither has a length: what has none is not opened. That
    /// refuses empty files with them, and no file of a checkpoint is empty.
    /// </summary>
    private static void RequireOrdinary(string path)
    {
        if (Directory.Exists(path)) throw new CheckpointException(path, $"{path} is a folder, not a file.", "fetch the model again");
        var file = new FileInfo(path);
        if (file.ResolveLinkTarget(returnFinalTarget: true) is { } target) file = new FileInfo(target.FullName);
        if (file.Length == 0) throw new CheckpointException(path, $"{path} is empty, or no ordinary file.", "fetch the file again");
    }
}
