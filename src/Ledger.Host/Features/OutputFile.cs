using Ledger.Domain;

namespace Ledger.Host.Features;

/// <summary>A file that somebody asks for. None is ever overwritten: it could be the ledger, or a checkpoint.</summary>
internal static class OutputFile
{
    /// <summary>Before the work: a file that cannot be written is known at once.</summary>
    /// <returns>The path.</returns>
    /// <exception cref="SetupException">Something of that name is there, or its folder is not.</exception>
    public static string RequireNew(string path)
    {
        if (string.IsNullOrWhiteSpace(path)) throw new SetupException("No file is named.", "name one to write to");
        if (Directory.Exists(path)) throw new SetupException($"{path} is a folder.", "name a file");
        if (Path.Exists(path)) throw new SetupException($"{path} exists already.", "choose another name, or remove it first");
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder)) throw new SetupException($"There is no folder {folder}.", "make it first");
        return path;
    }

    /// <exception cref="SetupException">It cannot be written.</exception>
    public static async Task WriteAsync(string path, string text, CancellationToken token)
    {
        try
        {
            await File.WriteAllTextAsync(path, text, token);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SetupException($"{path} cannot be written: {e.Message}", "name a file in a folder that can be written to");
        }
    }
}
