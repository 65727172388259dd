using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Ledger.Projections.Tests.Replay;

/// <summary>The F32 tensors of a safetensors file, for tests: the engine's reader is out of reach of this project, and should be.</summary>
internal static class StoredTensors
{
    public static Dictionary<string, float[]> Read(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var data = 8 + checked((int)BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        using var header = JsonDocument.Parse(bytes.AsMemory(8, data - 8));
        return header.RootElement.EnumerateObject().Where(t => t.Name != "__metadata__").ToDictionary(t => t.Name, t =>
        {
            t.Value.GetProperty("dtype").GetString().ShouldBe("F32", t.Name);
            var offsets = t.Value.GetProperty("data_offsets");
            return MemoryMarshal.Cast<byte, float>(bytes.AsSpan()[(data + offsets[0].GetInt32())..(data + offsets[1].GetInt32())]).ToArray();
        });
    }
}
