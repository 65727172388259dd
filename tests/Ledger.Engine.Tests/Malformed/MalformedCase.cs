using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Ledger.Engine.Checkpoints;
using Ledger.Engine.Tests.Support;

namespace Ledger.Engine.Tests.Malformed;

/// <summary>A tiny model of a kind with something wrong about it.</summary>
/// <param name="Name">What is wrong.</param>
/// <param name="Kind">Of <see cref="TinyModels"/>.</param>
/// <param name="Spoil">Done to the model's folder.</param>
/// <param name="File">What the message must name.</param>
/// <param name="Problem">What it must say.</param>
internal sealed record MalformedCase(string Name, string Kind, Action<TemporaryFolder> Spoil, string File, string Problem);

/// <summary>The ways to spoil a file.</summary>
internal static class Spoiling
{
    /// <summary>The file's bytes, changed.</summary>
    public static void Bytes(this TemporaryFolder folder, string file, Func<byte[], byte[]> change) => folder.Write(file, change(File.ReadAllBytes(folder.File(file))));

    /// <summary>The header of the weights, changed; the length before it is right again, the data is as it was.</summary>
    public static void Header(this TemporaryFolder folder, Func<string, string> change) => folder.Bytes(CheckpointFolder.SingleFile, bytes =>
    {
        var length = BitConverter.ToInt32(bytes);
        return RawSafetensors.Bytes(change(Encoding.UTF8.GetString(bytes, 8, length)), bytes[(8 + length)..]);
    });

    public static void HeaderJson(this TemporaryFolder folder, Action<JsonObject> change) => folder.Header(header =>
    {
        var json = JsonNode.Parse(header)!.AsObject();
        change(json);
        return json.ToJsonString();
    });

    public static void Json(this TemporaryFolder folder, string file, Action<JsonObject> change)
    {
        var json = JsonNode.Parse(File.ReadAllText(folder.File(file)))!.AsObject();
        change(json);
        folder.Write(file, json.ToJsonString());
    }

    /// <summary>As long as it says, of zeros behind what is there, and hardly anything on the disk.</summary>
    public static void Sparse(this TemporaryFolder folder, string file, long length)
    {
        using var stream = new FileStream(folder.File(file), FileMode.Open, FileAccess.Write);
        stream.SetLength(length);
    }

    public static void Folder(this TemporaryFolder folder, string file)
    {
        File.Delete(folder.File(file));
        Directory.CreateDirectory(folder.File(file));
    }

    public static void Link(this TemporaryFolder folder, string file, string target)
    {
        File.Delete(folder.File(file));
        File.CreateSymbolicLink(folder.File(file), target);
    }

    /// <summary>Nobody ever writes to it: who opens it to read waits for ever.</summary>
    public static void Pipe(this TemporaryFolder folder, string file)
    {
        File.Delete(folder.File(file));
        using var mkfifo = Process.Start("mkfifo", [folder.File(file)]);
        mkfifo.WaitForExit();
        mkfifo.ExitCode.ShouldBe(0);
    }

    /// <summary>The weights in two shards of which an index tells.</summary>
    public static void Shards(this TemporaryFolder folder, string kind)
    {
        File.Delete(folder.File(CheckpointFolder.SingleFile));
        var weights = TinyModels.Weights(kind);
        TinyModels.Write(folder.File("1.safetensors"), weights.Take(5));
        TinyModels.Write(folder.File("2.safetensors"), weights.Skip(5));
        folder.Write(CheckpointFolder.IndexFile, new JsonObject
        {
            ["weight_map"] = new JsonObject(weights.Select((w, i) => KeyValuePair.Create(w.Name, (JsonNode?)(i < 5 ? "1.safetensors" : "2.safetensors")))),
        }.ToJsonString());
    }
}
