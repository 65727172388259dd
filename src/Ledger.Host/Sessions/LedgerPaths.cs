using Ledger.Domain;

namespace Ledger.Host.Sessions;

/// <summary>Where a ledger's parts lie: the file with its events, and a folder of the same name beside it for what is too large for an event.</summary>
/// <param name="File"><c>my.ledger</c>; it may say instead where the events are (<see cref="Stores.LedgerPointer"/>).</param>
public sealed record LedgerPaths(string File)
{
    public const string Extension = ".ledger";

    /// <summary>C by digest. Back it up with the file: without it no new edit can be computed (everything else still works).</summary>
    public string KeyStatistics => Path.Combine(Beside, "keystats");

    /// <summary>Jobs and what came of them, where the events are in a file. No part of the ledger: what was done is in its own events. Another ledger that takes this one's name has jobs of its own.</summary>
    public string Jobs(LedgerId ledger) => Path.Combine(Beside, $"jobs-{ledger}.db");

    /// <summary>What may be deleted at any time.</summary>
    public string Cache => Path.Combine(Beside, "cache");

    /// <summary>Edited matrices by state id.</summary>
    public string States => Path.Combine(Cache, "states");

    /// <summary>Rows that follow from the events; may be deleted at any time as well.</summary>
    public string Projections => Path.Combine(Beside, "projections.db");

    private string Beside => File + ".d";

    /// <summary>The file of a name, <c>my</c> or <c>my.ledger</c>, in a folder.</summary>
    public static LedgerPaths Named(string folder, string name) =>
        new(Path.GetFullPath(Path.Combine(folder, name.EndsWith(Extension, StringComparison.Ordinal) ? name : name + Extension)));

    /// <summary>The same, where no file may be yet.</summary>
    public static LedgerPaths New(string folder, string name) =>
        Named(folder, name) is var paths && !Path.Exists(paths.File) ? paths : throw new SetupException($"{paths.File} exists already.", "choose another name");

    /// <summary>Gives a file that is complete its name.</summary>
    /// <exception cref="SetupException">There is one of that name meanwhile.</exception>
    public void Take(string complete)
    {
        try
        {
            System.IO.File.Move(complete, File, overwrite: false);
        }
        catch (IOException) when (Path.Exists(File))
        {
            throw new SetupException($"{File} exists already: another process made it meanwhile.", "use that one, or choose another name");
        }
    }

    /// <summary>Writes a file that says where the events are.</summary>
    public void Point(Stores.LedgerPointer pointer)
    {
        var unfinished = $"{File}.{Guid.NewGuid():N}.opening";
        System.IO.File.WriteAllText(unfinished, pointer.ToJson());
        try
        {
            Take(unfinished);
        }
        finally
        {
            System.IO.File.Delete(unfinished);
        }
    }

    /// <summary>The ledger a command means: the one named, else LEDGER_FILE, else the only one in this folder.</summary>
    /// <exception cref="LedgerNotFoundException">None, or several.</exception>
    public static LedgerPaths Resolve(string? named)
    {
        named ??= Environment.GetEnvironmentVariable("LEDGER_FILE") is { Length: > 0 } variable ? variable : null;
        if (named is not null)
        {
            var path = System.IO.File.Exists(named) || named.EndsWith(Extension, StringComparison.Ordinal) ? named : named + Extension;
            if (!System.IO.File.Exists(path)) throw new LedgerNotFoundException($"There is no ledger at {path}.", "open one:  ledger open NAME --model FOLDER");
            return new LedgerPaths(Path.GetFullPath(path));
        }
        var here = Directory.GetFiles(".", "*" + Extension).Order(StringComparer.Ordinal).ToArray();
        return here switch
        {
            [var one] => new LedgerPaths(Path.GetFullPath(one)),
            [] => throw new LedgerNotFoundException("There is no ledger in this folder.", "open one:  ledger open NAME --model FOLDER   or name one with --ledger FILE"),
            _ => throw new LedgerNotFoundException($"There are {here.Length} ledgers in this folder.", $"say which with --ledger: {string.Join(", ", here.Select(Path.GetFileName))}"),
        };
    }
}

/// <summary>No ledger, or not clear which.</summary>
public sealed class LedgerNotFoundException(string problem, string remedy) : LedgerException(problem, remedy)
{
    public override FailureKind Kind => FailureKind.BadInput;
}
