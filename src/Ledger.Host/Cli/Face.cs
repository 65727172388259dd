using System.CommandLine;
using System.CommandLine.Parsing;
using Ledger.Domain;
using Ledger.Host.Sessions;
using MediatR;

namespace Ledger.Host.Cli;

/// <summary>What every command understands.</summary>
internal static class CommonOptions
{
    public static Option<string?> Ledger { get; } = new("--ledger", "-l") { Description = "The ledger file; default LEDGER_FILE, else the only one in this folder.", Recursive = true, HelpName = "FILE" };

    public static Option<string?> Model { get; } = new("--model", "-m") { Description = "The model folder or hub-cache folder; default LEDGER_MODEL, else where the ledger found it.", Recursive = true, HelpName = "FOLDER" };

    public static Option<string?> Timeline { get; } = new("--timeline", "-T") { Description = "The timeline it is about, by its name or the beginning of its id; default LEDGER_TIMELINE, else main.", Recursive = true, HelpName = "NAME" };

    public static Option<bool> Json { get; } = new("--json") { Description = "Print stable fields for programs: one document, or one a line.", Recursive = true };

    public static Option<string?> Author { get; } = new("--author") { Description = "Whose decision it is; default LEDGER_AUTHOR, else the user's name. To audit it is whom to ask about, and has no default.", Recursive = true, HelpName = "NAME" };

    /// <exception cref="SetupException">The name is blank.</exception>
    public static string AuthorOf(ParseResult parsed)
    {
        var author = parsed.GetValue(Author) ?? (Environment.GetEnvironmentVariable("LEDGER_AUTHOR") is { Length: > 0 } named ? named : Environment.UserName);
        return string.IsNullOrWhiteSpace(author) ? throw new SetupException("nobody is named as the author.", "name one with --author") : author;
    }

    public static string TimelineOf(ParseResult parsed) =>
        parsed.GetValue(Timeline) ?? (Environment.GetEnvironmentVariable("LEDGER_TIMELINE") is { Length: > 0 } named ? named : LedgerSetup.Main);

    /// <summary>Revisions as written, on the timeline that the command is about; its head when none is.</summary>
    public static IReadOnlyList<RevisionName> RevisionsOf(ParseResult parsed, string[]? written) =>
        written is { Length: > 0 } ? [.. written.Select(w => RevisionName.Parse(w, TimelineOf(parsed)))] : [RevisionName.Head(TimelineOf(parsed))];

    public static LedgerPaths LedgerOf(ParseResult parsed) => LedgerPaths.Resolve(parsed.GetValue(Ledger));
}

internal static class Checks
{
    /// <summary>A rule over several options. One that did not convert is reported by the parser itself; asking for its value throws.</summary>
    public static void Check(this Command command, Action<CommandResult> check) => command.Validators.Add(parsed => IfConverted(() => check(parsed)));

    /// <summary>A rule over one option's value.</summary>
    public static void Check(this Option option, Action<OptionResult> check) => option.Validators.Add(parsed => IfConverted(() => check(parsed)));

    /// <summary>Those that stand on the command line, not only in their defaults.</summary>
    public static IEnumerable<Option> Given(this CommandResult parsed, IEnumerable<Option> options) => options.Where(o => parsed.GetResult(o) is { Implicit: false });

    private static void IfConverted(Action check)
    {
        try
        {
            check();
        }
        catch (InvalidOperationException)
        {
        }
    }
}

/// <summary>What the commands share: the use cases, the two streams, and one way to fail.</summary>
internal sealed class Face(IMediator mediator, TextWriter output, TextWriter error, TimeProvider time, CancellationToken stop)
{
    public IMediator Mediator { get; } = mediator;

    public TextWriter Out { get; } = output;

    public TextWriter Err { get; } = error;

    public TimeProvider Time { get; } = time;

    /// <summary>A command whose failure is said in one place.</summary>
    public void Bind(Command command, Func<ParseResult, Printer, CancellationToken, Task<int>> run) => command.SetAction(async (parsed, token) =>
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(token, stop);
        try
        {
            return await run(parsed, new Printer(Out, parsed.GetValue(CommonOptions.Json), ReferenceEquals(Out, Console.Out) && !Console.IsOutputRedirected ? Console.WindowWidth : null), both.Token);
        }
        catch (Exception e)
        {
            foreach (var line in Errors.Lines(e)) await Err.WriteLineAsync(line);
            return Errors.ExitCode(e);
        }
    });
}
