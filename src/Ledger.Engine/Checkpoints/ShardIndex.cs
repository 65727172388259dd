using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;

namespace Ledger.Engine.Checkpoints;

/// <summary>Which files hold a checkpoint's tensors: model.safetensors, or what model.safetensors.index.json maps them to.</summary>
internal sealed class ShardIndex
{
    private readonly string path;
    private readonly FrozenDictionary<string, string>? weightMap;

    private ShardIndex(string path, ImmutableArray<string> files, FrozenDictionary<string, string>? weightMap) =>
        (this.path, Files, this.weightMap) = (path, files, weightMap);

    /// <summary>Names within the folder, in ordinal order.</summary>
    public ImmutableArray<string> Files { get; }

    public static ShardIndex Of(CheckpointFolder folder)
    {
        var single = folder.FilePath(CheckpointFolder.SingleFile);
        if (Path.Exists(single)) return new ShardIndex(single, [CheckpointFolder.SingleFile], null);

        var path = folder.FilePath(CheckpointFolder.IndexFile);
        using var document = CheckpointIo.ReadObject(path);
        var map = CheckpointIo.Json(path, () => ReadMap(path, document.RootElement));
        return new ShardIndex(path, [.. map.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)], map);
    }

    /// <summary>Every tensor lies in the shard the map says, and no shard holds one the map does not know.</summary>
    public void Require(IReadOnlyList<SafetensorsFile> shards)
    {
        if (weightMap is null) return;
        var found = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (shard, file) in shards.Zip(Files))
            foreach (var name in shard.Tensors.Keys)
            {
                if (!weightMap.TryGetValue(name, out var mapped)) throw Wrong($"does not know tensor {name} of {file}");
                if (mapped != file) throw Wrong($"puts tensor {name} into {mapped}, but {file} holds one of that name");
                found.Add(name);
            }
        if (weightMap.Keys.Where(n => !found.Contains(n)).Order(StringComparer.Ordinal).FirstOrDefault() is { } missing)
            throw Wrong($"puts tensor {missing} into {weightMap[missing]}, which does not hold it");

        CheckpointException Wrong(string what) => new(path, $"{path} {what}.", "index and shards belong to different models, or a shard is an old one: fetch them again");
    }

    private static FrozenDictionary<string, string> ReadMap(string path, JsonElement root)
    {
        if (!root.TryGetProperty("weight_map", out var map) || map.ValueKind != JsonValueKind.Object)
            throw new CheckpointException(path, $"{path} has no weight_map.");
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in map.EnumerateObject())
        {
            var file = entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString()! : "";
            if (!CheckpointFolder.IsPlainName(file) || !file.EndsWith(".safetensors", StringComparison.Ordinal))
                throw new CheckpointException(path, $"{path} puts tensor {entry.Name} into \"{file}\", which is not the name of a safetensors file of this folder.");
            names.Add(entry.Name, file);
        }
        return names.Count > 0 ? names.ToFrozenDictionary(StringComparer.Ordinal) : throw new CheckpointException(path, $"{path} has an empty weight_map.");
    }
}
