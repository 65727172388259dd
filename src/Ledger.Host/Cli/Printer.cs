using System.Text.Json;
using CsvHelper;
using Ledger.Domain;
using Ledger.Domain.Events;
using Spectre.Console;

namespace Ledger.Host.Cli;

/// <summary>Writes results: tables and sentences for people, stable JSON for programs. Nothing but data goes to this stream.</summary>
/// <param name="terminal">Columns of the terminal that output is; null for a pipe or file.</param>
internal sealed class Printer(TextWriter output, bool json, int? terminal)
{
    public bool IsJson => json;

    /// <summary>One JSON document on one line.</summary>
    public void Json<T>(T value) => Write(() => output.WriteLine(JsonSerializer.Serialize(value, EventJson.Options)));

    /// <summary>
    /// The fields of records under a header, each in the form that JSON gives it. A text that a spreadsheet would run as a formula, because it begins with = + - @, a tab or a
    /// carriage return, gets a ' before it; JSON has it as it is.
    /// </summary>
    public void Csv<T>(IReadOnlyList<T> records) => Write(() =>
    {
        var fields = EventJson.Options.GetTypeInfo(typeof(T)).Properties;
        using var writer = CsvWriter.Create(output, new CsvWriterOptions { Injection = CsvInjection.Escape }, leaveOpen: true);
        writer.WriteHeader([.. fields.Select(f => f.Name)]);
        foreach (var record in records)
        {
            foreach (var field in fields)
            {
                switch (field.Get!(record!))
                {
                    case null: writer.WriteField(""); break;
                    case string text: writer.WriteField(text); break;
                    case long number: writer.WriteField(number, default); break;
                    case double number: writer.WriteField(number, default); break;
                    case var value: writer.WriteField(JsonSerializer.SerializeToElement(value, value.GetType(), EventJson.Options).GetString()); break;
                }
            }
            writer.EndRecord();
        }
    });

    /// <summary>A line as it is.</summary>
    public void Line(string text = "") => Write(() => output.WriteLine(text));

    /// <summary>A label and what belongs to it.</summary>
    public void Field(string label, string text) => Line($"  {label,-11} {text}");

    /// <summary>A plain table: no lines; cells are text, never markup.</summary>
    /// <param name="flexible">The column that gives way where a terminal is too narrow for all; what still does not fit, the terminal wraps. A pipe gets everything.</param>
    public void Table(string[] headers, IReadOnlyList<string[]> rows, int flexible)
    {
        var widths = headers.Select((h, i) => rows.Select(r => r[i].Length).Append(h.Length).Max() + Gap).ToArray();
        var room = terminal is { } columns ? Math.Max(Narrowest, columns - (widths.Sum() - widths[flexible]) - Gap) : int.MaxValue;

        var table = new Table { Border = TableBorder.None };
        foreach (var header in headers)
            table.AddColumn(new TableColumn(new Text(header, new Style(decoration: Decoration.Dim))) { NoWrap = true, Padding = new Padding(0, 0, Gap, 0) });
        foreach (var row in rows) table.AddRow(row.Select((cell, i) => new Text(i == flexible && cell.Length > room ? cell[..(room - 1)] + "…" : cell)));

        using var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(text), Ansi = HasColours() ? AnsiSupport.Yes : AnsiSupport.No, Interactive = InteractionSupport.No });
        // Wider than any table, characters of double width included: left to itself the library shrinks columns to nothing.
        console.Profile.Width = 2 * widths.Sum() + 1;
        console.Write(table);
        // What fills up the last cells would wrap in a terminal that the rows fit into.
        foreach (var line in text.ToString().TrimEnd().Split('\n')) Line(line.TrimEnd());
    }

    private bool HasColours() =>
        terminal is not null && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
        && AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output), Ansi = AnsiSupport.Detect }).Profile.Capabilities.Ansi;

    private const int Gap = 2, Narrowest = 24;

    private static void Write(Action write)
    {
        try
        {
            write();
        }
        catch (IOException e)
        {
            throw new OutputException(e);
        }
    }
}

/// <summary>What a command printed could not be written; what it did is done.</summary>
public sealed class OutputException(IOException inner)
    : LedgerException($"The output could not be written: {inner.Message}", "only the output was lost, what the command did stands: see ledger log", inner)
{
    public override FailureKind Kind => FailureKind.Failed;
}
