using System.Text.Json;
using Ledger.Domain.Events;
using Spectre.Console;

namespace Ledger.Host.Cli;

/// <summary>Writes results: tables and sentences for people, stable JSON for programs. Nothing but data goes to this stream.</summary>
internal sealed class Printer(TextWriter output, bool json)
{
    public bool IsJson => json;

    /// <summary>One JSON document on one line.</summary>
    public void Json<T>(T value) => output.WriteLine(JsonSerializer.Serialize(value, EventJson.Options));

    /// <summary>A line as it is.</summary>
    public void Line(string text = "") => output.WriteLine(text);

    /// <summary>A label and what belongs to it.</summary>
    public void Field(string label, string text) => output.WriteLine($"  {label,-11} {text}");

    /// <summary>A plain table: no lines; cells are text, never markup.</summary>
    public void Table(string[] headers, IEnumerable<string[]> rows)
    {
        var table = new Table { Border = TableBorder.None };
        foreach (var header in headers)
            table.AddColumn(new TableColumn(new Text(header, new Style(decoration: Decoration.Dim))) { NoWrap = true, Padding = new Padding(0, 0, 2, 0) });
        foreach (var row in rows) table.AddRow(row.Select(cell => new Text(cell)));
        Console(output).Write(table);
    }

    private static IAnsiConsole Console(TextWriter writer)
    {
        var interactive = ReferenceEquals(writer, System.Console.Out) && !System.Console.IsOutputRedirected;
        var colour = interactive && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = colour ? AnsiSupport.Detect : AnsiSupport.No,
            Interactive = InteractionSupport.No,
        });
        // A pipe has no width: nothing is wrapped or cut there.
        if (!interactive) console.Profile.Width = 1000;
        return console;
    }
}
