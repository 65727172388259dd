using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using Ledger.Domain;

namespace Ledger.TestKit;

/// <summary>The F32 and F64 tensors of a safetensors file of reference values, widened to float64. For tests: it trusts the file.</summary>
public sealed class GoldenTensors
{
    private readonly Dictionary<string, double[]> tensors;

    private GoldenTensors(Dictionary<string, double[]> tensors) => this.tensors = tensors;

    public IEnumerable<string> Names => tensors.Keys;

    public double[] this[string name] => tensors[name];

    /// <summary>Rounded to float32; exact where the file holds float32.</summary>
    public Float32Vector Vector(string name) => Float32Vector.Create(tensors[name].Length, span =>
    {
        for (var i = 0; i < span.Length; i++) span[i] = (float)tensors[name][i];
    });

    public static GoldenTensors Read(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var data = 8 + checked((int)BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        using var header = JsonDocument.Parse(bytes.AsMemory(8, data - 8));
        return new GoldenTensors(header.RootElement.EnumerateObject().Where(t => t.Name != "__metadata__" && t.Value.GetProperty("dtype").GetString() is "F32" or "F64").ToDictionary(t => t.Name, t =>
        {
            var offsets = t.Value.GetProperty("data_offsets");
            var raw = bytes.AsSpan()[(data + offsets[0].GetInt32())..(data + offsets[1].GetInt32())];
            return t.Value.GetProperty("dtype").GetString() == "F64"
                ? MemoryMarshal.Cast<byte, double>(raw).ToArray()
                : Array.ConvertAll(MemoryMarshal.Cast<byte, float>(raw).ToArray(), x => (double)x);
        }));
    }
}
