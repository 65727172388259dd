using System.CommandLine;
using Ledger.Domain.Ports;
using Ledger.Host.Features;
using Ledger.Host.Sessions;

namespace Ledger.Host.Cli;

internal static class KeystatsCommand
{
    public static Command Create(Face face)
    {
        var files = new Argument<string[]>("TEXT") { Description = "UTF-8 text (one document a line), .jsonl, either as .gz, .parquet, or folders: of these, what ends in .txt, .jsonl, .txt.gz, .jsonl.gz or .parquet.", Arity = ArgumentArity.ZeroOrMore };
        var context = new Option<int>("--context") { Description = "Each document is cut to this many tokens.", DefaultValueFactory = _ => 512, HelpName = "N" };
        var ridge = new Option<double?>("--ridge") { Description = "λ: λ·trace(C)/d_k is added to the diagonal. Default: none, or the smallest that lets C be factored.", HelpName = "λ" };
        var tokens = new Option<long?>("--max-tokens") { Description = "Stop after this many tokens.", HelpName = "N" };
        var column = new Option<string>("--column") { Description = "Which field of JSON Lines or column of Parquet holds the text.", DefaultValueFactory = _ => "text", HelpName = "NAME" };
        var from = new Option<string?>("--from") { Description = "Take C over from another ledger of the same base and layer instead of measuring it.", HelpName = "LEDGER" };
        var command = new Command("keystats", "Measure C, the second moment of keys over ordinary text, or take it over from another ledger or a file of published statistics; once a ledger, before the first edit.")
        {
            files, context, ridge, tokens, column, from, Import(face),
        };
        command.Check(parsed =>
        {
            var measures = parsed.GetValue(files) is { Length: > 0 };
            if (!measures && parsed.GetValue(from) is null) parsed.AddError("keystats needs text to measure over:  ledger keystats TEXT…   or --from LEDGER   or  ledger keystats import FILE.npz");
            if (parsed.GetValue(from) is not null && (measures || parsed.Given([context, ridge, tokens, column]).Any()))
                parsed.AddError("--from takes C as it was measured: leave texts, --context, --ridge, --max-tokens and --column out.");
        });
        face.Bind(command, async (parsed, printer, token) =>
        {
            if (parsed.GetValue(from) is { } other)
            {
                Print(printer, await face.Mediator.Send(new TakeKeys.Request(CommonOptions.LedgerOf(parsed), LedgerPaths.Resolve(other), CommonOptions.AuthorOf(parsed)), token), "taken over");
                return Errors.Done;
            }
            var source = new KeyStatisticsSource([.. parsed.GetRequiredValue(files)], parsed.GetValue(context), parsed.GetValue(ridge), parsed.GetValue(tokens), parsed.GetRequiredValue(column));
            var line = new ProgressLine(face);
            var result = await face.Mediator.Send(new MeasureKeys.Request(CommonOptions.LedgerOf(parsed), parsed.GetValue(CommonOptions.Model), source, CommonOptions.AuthorOf(parsed), new Steps(line)), token);
            line.Clear();
            Print(printer, result, "measured");
            return Errors.Done;
        });
        return command;
    }

    private static Command Import(Face face)
    {
        var file = new Argument<string>("FILE") { Description = "An .npz as ROME's layer_stats writes it, with mom2.mom2 (the sum of k kᵀ) and mom2.count, of this model and layer." };
        var ridge = new Option<double?>("--ridge") { Description = "λ, as for a measured C.", HelpName = "λ" };
        var command = new Command("import", "Take C over from a file of ROME's published statistics instead of measuring it.") { file, ridge };
        face.Bind(command, async (parsed, printer, token) =>
        {
            var request = new ImportKeys.Request(CommonOptions.LedgerOf(parsed), parsed.GetRequiredValue(file), parsed.GetValue(ridge), CommonOptions.AuthorOf(parsed));
            Print(printer, await face.Mediator.Send(request, token), "imported");
            return Errors.Done;
        });
        return command;
    }

    private static void Print(Printer printer, MeasureKeys.Result result, string how)
    {
        if (printer.IsJson)
        {
            printer.Json(result);
            return;
        }
        var s = result.Statistics;
        printer.Line($"C {(result.Restored ? "restored" : how)}: {Say.Count(s.Tokens, "token")} of {(s.Documents is { } documents ? Say.Count(documents, "document") : "an unknown number of documents")}");
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
