using System.Text;

namespace Ledger.Engine.Checkpoints;

/// <summary>A model as it comes from the hub: a folder with config.json and safetensors. Nothing in it is ever written or run.</summary>
public sealed class CheckpointFolder
{
    public const string SingleFile = "model.safetensors";
    public const string IndexFile = "model.safetensors.index.json";
    public const string ConfigFile = "config.json";

    private const string HubPrefix = "models--";
    private static readonly string[] PickleEndings = [".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"];

    private CheckpointFolder(string path, string name, ModelConfig config) => (Path, Name, Config) = (path, name, config);

    /// <summary>The folder that holds the files, absolute; of a hub cache, the snapshot.</summary>
    public string Path { get; }

    /// <summary>The folder's name, or <c>org/name</c> of a hub cache.</summary>
    public string Name { get; }

    public ModelConfig Config { get; }

    /// <param name="path">A model folder; a hub-cache folder (<c>models--org--name</c>); or one of its snapshots, whose files are links.</param>
    /// <exception cref="CheckpointException">No such folder, a pickle, no config.json, no safetensors, or a model the engine does not know.</exception>
    public static CheckpointFolder Open(string path)
    {
        if (string.IsNullOrWhiteSpace(path) || path.Contains('\0')) throw new CheckpointException(path, "The model's path is empty or no path at all.", "give the path of a model folder");
        var full = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));
        if (File.Exists(full)) throw NotAFolder(full);
        if (!Directory.Exists(full))
            throw new CheckpointException(full, $"There is no model folder {full}.", "give the path of a folder with config.json and model.safetensors; nothing is downloaded");

        var (folder, name) = CheckpointIo.Translate(full, () => Resolve(full));
        CheckpointIo.Translate(folder, () => RequireSafetensors(folder));
        var config = Join(folder, ConfigFile);
        if (!File.Exists(config))
            throw new CheckpointException(folder, $"{folder} has no {ConfigFile}.", "give the folder that holds config.json, model.safetensors and the tokenizer files");
        return new CheckpointFolder(folder, name, ConfigReader.Read(config));
    }

    /// <summary>The path of a file of this folder, whether or not it is there.</summary>
    public string FilePath(string name) => Join(Path, name);

    private static string Join(string folder, string name) => System.IO.Path.Combine(folder, name);

    private static CheckpointException NotAFolder(string file) =>
        IsPickle(file)
            ? Pickle(file, file)
            : new CheckpointException(file, $"{file} is a file, not a model folder.", "give the folder that holds it together with config.json and the tokenizer files");

    /// <summary>Of a hub cache the snapshot that refs/main names (or the only one there is); of anything else the folder itself.</summary>
    private static (string Folder, string Name) Resolve(string full)
    {
        var leaf = System.IO.Path.GetFileName(full);
        var snapshots = Join(full, "snapshots");
        if (leaf.StartsWith(HubPrefix, StringComparison.Ordinal) && Directory.Exists(snapshots)) return (Snapshot(full, snapshots), HubName(leaf));

        // …/models--org--name/snapshots/<revision>
        var parent = System.IO.Path.GetDirectoryName(full);
        var cache = System.IO.Path.GetFileName(System.IO.Path.GetDirectoryName(parent));
        if (System.IO.Path.GetFileName(parent) == "snapshots" && cache?.StartsWith(HubPrefix, StringComparison.Ordinal) == true) return (full, HubName(cache));
        return (full, leaf.Length > 0 ? leaf : full);
    }

    private static string HubName(string leaf) => leaf[HubPrefix.Length..].Replace("--", "/", StringComparison.Ordinal);

    private static string Snapshot(string cache, string snapshots)
    {
        var main = System.IO.Path.Combine(cache, "refs", "main");
        if (File.Exists(main))
        {
            var revision = Encoding.UTF8.GetString(CheckpointIo.ReadAllBytes(main)).Trim();
            if (!IsPlainName(revision))
                throw new CheckpointException(main, $"{main} does not hold a revision's name.", "give one of the folders under snapshots/");
            var folder = Join(snapshots, revision);
            return Directory.Exists(folder)
                ? folder
                : throw new CheckpointException(cache, $"{main} names the revision {revision}, of which there is no snapshot.", "fetch the model again, or give one of the folders under snapshots/");
        }
        var all = Directory.GetDirectories(snapshots);
        return all.Length == 1
            ? all[0]
            : throw new CheckpointException(cache, $"{cache} has no refs/main and {all.Length} snapshots.", "give one of the folders under snapshots/");
    }

    /// <summary>Whether a name stays in its folder.</summary>
    internal static bool IsPlainName(string name) =>
        name.Length > 0 && name is not "." and not ".." && name.IndexOfAny(['/', '\\', '\0', ':']) < 0;

    private static bool RequireSafetensors(string folder)
    {
        if (Exists(folder, SingleFile) || Exists(folder, IndexFile)) return true;
        var pickle = Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).FirstOrDefault(IsPickle);
        throw pickle is not null
            ? Pickle(folder, pickle)
            : new CheckpointException(folder, $"{folder} has no {SingleFile} and no {IndexFile}.", "give the folder of a model stored as safetensors");
    }

    private static bool Exists(string folder, string name) => System.IO.Path.Exists(Join(folder, name));

    private static bool IsPickle(string file) => PickleEndings.Contains(System.IO.Path.GetExtension(file), StringComparer.OrdinalIgnoreCase);

    private static CheckpointException Pickle(string path, string file) =>
        new(path, $"{System.IO.Path.GetFileName(file)} is a pickle, which can run code when it is read: refused.",
            "convert the model to safetensors (save_pretrained with safe_serialization=True), or fetch its safetensors version");
}
