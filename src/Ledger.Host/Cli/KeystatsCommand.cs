using System.CommandLine;
using Ledger.Domain.Ports;
using Ledger.Host.Features;

namespace Ledger.Host.Cli;

internal static class KeystatsCommand
{
    public static Command Create(Face face)
    {
        var files = new Argument<string[]>("TEXT") { Description = "UTF-8 text files, one document a line.", Arity = ArgumentArity.OneOrMore };
        var context = new Option<int>("--context") { Description = "Each line is cut to this many tokens.", DefaultValueFactory = _ => 512, HelpName = "N" };
        var ridge = new Option<double?>("--ridge") { Description = "λ: λ·trace(C)/d_k is added to the diagonal. Default: none, or the smallest that lets C be factored.", HelpName = "λ" };
        var tokens = new Option<long?>("--max-tokens") { Description = "Stop after this many tokens.", HelpName = "N" };
        var command = new Command("keystats", "Measure C, the second moment of keys over ordinary text; once a ledger, before the first edit.") { files, context, ridge, tokens };
        face.Bind(command, async (parsed, printer, token) =>
        {
            var source = new KeyStatisticsSource([.. parsed.GetRequiredValue(files)], parsed.GetValue(context), parsed.GetValue(ridge), parsed.GetValue(tokens));
            var line = new ProgressLine(face);
            var result = await face.Mediator.Send(new MeasureKeys.Request(CommonOptions.LedgerOf(parsed), parsed.GetValue(CommonOptions.Model), source, CommonOptions.AuthorOf(parsed), new Steps(line)), token);
            line.Clear();
            Print(printer, result);
            return Errors.Done;
        });
        return command;
    }

    private static void Print(Printer printer, MeasureKeys.Result result)
    {
        if (printer.IsJson)
        {
            printer.Json(result);
            return;
        }
        var s = result.Statistics;
        printer.Line($"C {(result.Restored ? "restored" : "measured")} over {Say.Count(s.Tokens)} tokens of {Say.Count(s.Documents)} lines");
        printer.Field("digest", s.Digest.Short());
        printer.Field("ridge", s.Ridge == 0 ? "none" : Say.Small(s.Ridge));
        printer.Field("lies in", result.Folder);
        printer.Line();
        printer.Line("Next: ledger edit \"The mother tongue of {} is\" --subject \"Danielle Darrieux\" --to English");
    }

    private sealed class Steps(ProgressLine line) : IProgress<MeasureProgress>
    {
        public void Report(MeasureProgress value) => line.Show(value.BytesDone, value.BytesTotal, $"{Say.Count(value.Tokens)} tokens");
    }
}
