namespace Ledger.Engine.Statistics;

/// <summary>
/// Which files of a folder are text. Only names that say so: beside a corpus there usually lie a licence, a card and a checksum, which are no ordinary text. A file
/// named by itself is read whatever it is called.
/// </summary>
internal static class CorpusFolder
{
    private static readonly string[] Text = [".txt", ".txt.gz", ".jsonl", ".jsonl.gz", ".parquet"];

    /// <summary>A file as it is; a folder's text, in ordinal order of the path from the folder.</summary>
    public static IEnumerable<(string Path, string Name)> Expand(string path)
    {
        if (path.Length == 0) throw new CorpusException("A file without a name cannot be read.", CorpusFile.Remedy);
        if (!Directory.Exists(path)) return [(path, Path.GetFileName(path))];
        try
        {
            var found = Below(new DirectoryInfo(path)).Select(f => (Path: f, Name: Path.GetRelativePath(path, f).Replace('\\', '/')))
                .OrderBy(f => f.Name, StringComparer.Ordinal).ToArray();
            return found.Length > 0 ? found
                : throw new CorpusException($"There is no text below {path}.", $"of a folder these are read: {string.Join(", ", Text)}; name other files one by one");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CorpusException($"{path} cannot be read: {e.Message}", CorpusFile.Remedy);
        }
    }

    /// <summary>Links to files are followed, as a hub's cache is made of them; links to folders are not, since they may lead in a circle. Hidden names are left out.</summary>
    private static IEnumerable<string> Below(DirectoryInfo folder) => folder.EnumerateFileSystemInfos().Where(i => !i.Name.StartsWith('.')).SelectMany(i => i switch
    {
        DirectoryInfo d => d.LinkTarget is null ? Below(d) : [],
        _ => Text.Any(t => i.Name.EndsWith(t, StringComparison.OrdinalIgnoreCase)) ? [i.ToString()] : [],
    });
}
