using System.CommandLine;
using System.Globalization;
using Ledger.Domain.Editing;
using Ledger.Host.Features.Bulk;
using Ledger.Host.Features.Paper;

namespace Ledger.Host.Cli;

/// <summary>The paper's experiments in one command.</summary>
internal static class PaperCommand
{
    private const int Records = 100, Edits = 20;

    public static Command Create(Face face)
    {
        var output = new Option<string>("--out", "-o") { Description = "Write the report into this folder: report.html, tables, CSV, figures. A new one, or an earlier report's.", HelpName = "FOLDER", Required = true };
        var records = new Option<string?>("--records") { Description = "Facts with true targets: CounterFact, plain JSON or JSON Lines, CSV; default, over the built-in model, its own.", HelpName = "FILE" };
        var format = new Option<string?>("--format") { Description = "With --records: the file's form, where it is not recognised: counterfact, plain or csv." };
        format.AcceptOnlyFromAmong([.. BulkFormats.All.Where(f => f != BulkFormat.ZsRe).Select(f => f.Name())]);
        var text = new Option<string?>("--text") { Description = "Texts for perplexity: one a line, or a JSON array; default, over the built-in model, its own.", HelpName = "FILE" };
        var downstream = new Option<string[]>("--downstream") { Description = "Tasks for the sequential edits: sst2.jsonl, mrpc.jsonl, cola.jsonl, rte.jsonl, or a folder with them.", HelpName = "FILE", AllowMultipleArgumentsPerToken = true };
        var independent = Number("--independent", "Edit the first N records, each alone on the base, under all three variants; default 100, 0 for none.");
        var sequential = Number("--sequential", "Edit the first N records in a row, on a timeline for each variant; default 100, 0 for none.");
        var every = Number("--every", "Measure the sequential edits on text, tasks and retention after every so many; default 20.");
        var variant = new Option<string[]>("--variant", "-v") { Description = "With --sequential: only this variant.", HelpName = "NAME", DefaultValueFactory = _ => [.. VariantNames.All.Select(v => v.Name())] };
        variant.AcceptOnlyFromAmong([.. VariantNames.All.Select(v => v.Name())]);
        var gate = new Option<string>("--gate") { Description = "With --sequential: off, as in the paper, or on: the ledger's policy decides.", DefaultValueFactory = _ => "off" };
        gate.AcceptOnlyFromAmong("off", "on");
        var prefix = new Option<string>("--as") { Description = "What the timelines' names begin with.", HelpName = "NAME", DefaultValueFactory = _ => "paper" };
        var seed = new Option<long>("--seed") { Description = "For generated texts.", HelpName = "N" };
        var command = new Command("paper", "The experiments of \"Rebuilding ROME\" on this ledger's model, and a report of them. Stopped or killed, the same command goes on; with larger numbers, it does the rest.")
        {
            output, records, format, text, downstream, independent, sequential, every, variant, gate, prefix, seed,
        };
        command.Check(parsed =>
        {
            var (alone, inARow) = (parsed.GetValue(independent) ?? Records, parsed.GetValue(sequential) ?? Records);
            if (alone < 0 || inARow < 0 || (alone == 0 && inARow == 0)) parsed.AddError("--independent and --sequential take a number from 0 on, and one of them more than 0.");
            if (parsed.GetValue(every) < 1) parsed.AddError("--every takes a number from 1 on.");
            if (parsed.GetValue(format) is not null && parsed.GetValue(records) is null) parsed.AddError("--format goes with --records.");
            if (inARow == 0 && parsed.Given([downstream, every, variant, gate, prefix]).FirstOrDefault() is { } useless) parsed.AddError($"{useless.Name} goes with --sequential, which is 0.");
        });
        face.Bind(command, async (parsed, printer, token) =>
        {
            var folder = PaperReport.RequireFolder(parsed.GetRequiredValue(output));
            var form = BulkFormats.Named(parsed.GetValue(format));
            var plan = new PaperPlan(
                parsed.GetValue(records), form, parsed.GetValue(text), parsed.GetValue(downstream) ?? [], [.. VariantNames.All.Where(v => parsed.GetValue(variant)!.Contains(v.Name()))],
                parsed.GetValue(independent) ?? Records, parsed.GetValue(sequential) ?? Records, parsed.GetValue(every) ?? Edits, parsed.GetValue(gate) == "on", parsed.GetValue(prefix)!, parsed.GetValue(seed));
            var steps = new Steps(face);
            PaperResults results;
            try
            {
                results = await face.Mediator.Send(new RunPaper.Request(CommonOptions.LedgerOf(parsed), parsed.GetValue(CommonOptions.Model), plan, CommonOptions.AuthorOf(parsed), steps), token);
            }
            finally
            {
                steps.Clear();
            }
            await PaperReport.WriteAsync(folder, results, token);
            Print(printer, results, folder);
            return results.Sequential.Any(s => s.Collapsed is not null) ? Errors.Stopped : Errors.Done;
        });
        return command;
    }

    private static void Print(Printer printer, PaperResults results, string folder)
    {
        if (printer.IsJson)
        {
            foreach (var line in PaperReport.Tables(results).SelectMany(PaperReport.TableLine.Of)) printer.Json(line);
            return;
        }
        foreach (var table in PaperReport.Tables(results))
        {
            foreach (var line in table.Lines()) printer.Line(line);
            printer.Line();
        }
        if (results.Sequential.Length > 0)
        {
            var (heads, rows) = PaperReport.Ends(results);
            printer.Table([.. heads], rows, flexible: 0);
            foreach (var run in results.Sequential.Where(s => s.Collapsed is not null)) printer.Line($"{run.Collapsed}. Next: ledger watch{Say.On(run.Timeline)}      the same command goes on all the same.");
            printer.Line(PaperReport.Correlations);
            printer.Line();
        }
        printer.Line($"written to {folder}: {PaperReport.Page}, tables.txt, CSV, figures");
    }

    /// <summary>What is left out has no value before the command runs, so a rule over several options could not ask for its default.</summary>
    private static Option<int?> Number(string name, string description) => new(name) { Description = description, HelpName = "N" };

    /// <summary>A line of progress for each part, since each has its own pace.</summary>
    private sealed class Steps(Face face) : IProgress<RunPaper.Step>
    {
        private (string Part, ProgressLine Line)? now;

        public void Report(RunPaper.Step value)
        {
            if (now?.Part != value.Part)
            {
                Clear();
                now = (value.Part, new ProgressLine(face));
            }
            var line = now!.Value.Line;
            if (value.Done == value.Before) line.Skip(value.Before);
            else line.Show(value.Done, value.Total, string.Create(CultureInfo.InvariantCulture, $"{value.Part}: {value.Done} of {value.Total}"), value.Each);
        }

        public void Clear() => now?.Line.Clear();
    }
}
