using System.CommandLine;
using System.Globalization;
using Ledger.Domain;
using Ledger.Host.Features.Past;

namespace Ledger.Host.Cli;

internal sealed class BisectCommand
{
    private readonly Option<string?> good = new("--good") { Description = "A revision where all was well; default where the timeline left its parent, on main the base.", HelpName = "REVISION" };
    private readonly Option<string?> bad = new("--bad") { Description = "A later one where it is not; default the head of --timeline.", HelpName = "REVISION" };
    private readonly Option<string?> prompt = new("--prompt") { Description = "Look at the answer to this prompt.", HelpName = "TEXT" };
    private readonly Option<string?> expect = new("--expect") { Description = "With --prompt: whether the greedy continuation begins with this.", HelpName = "TEXT" };
    private readonly Option<string?> perplexity = new("--perplexity") { Description = "Look at the perplexity of the texts of a file, one a line.", HelpName = "FILE" };
    private readonly Option<string?> over = new("--over") { Description = "With --perplexity: the bound, a number, or as in 1.5x times the base's.", HelpName = "BOUND" };
    private readonly Option<bool> run = new("--run")
    {
        Description = "Run COMMAND at each revision: exit code 0 good, 1 to 127 bad, 125 cannot tell, 128 and above stop. It finds the rebuilt matrix, a safetensors file, by LEDGER_MATRIX, and LEDGER_REVISION, "
            + "LEDGER_TIMELINE and LEDGER_FINGERPRINT; what it prints goes to stderr. No shell is involved.",
    };
    private readonly Argument<string[]> words = new("COMMAND") { Description = "With --run, behind --: a program and its arguments.", Arity = ArgumentArity.ZeroOrMore };

    private BisectCommand()
    {
    }

    public static Command Create(Face face) => new BisectCommand().Bound(face);

    private Command Bound(Face face)
    {
        var command = new Command("bisect", "The first revision from which on an answer, a perplexity or a command's exit code is otherwise, with at most log2 n rebuilds between the ends. Which way it flips is found "
            + "from the ends; where it flips more than once, one of the flips is found.")
        {
            good, bad, prompt, expect, perplexity, over, run, words,
        };
        command.Check(parsed =>
        {
            if (parsed.Given([prompt, perplexity, run]).Count() != 1) parsed.AddError("bisect looks at one thing: --prompt TEXT --expect TEXT, --perplexity FILE --over BOUND, or --run -- COMMAND.");
            if (parsed.GetValue(prompt) is null != parsed.GetValue(expect) is null) parsed.AddError("--prompt TEXT and --expect TEXT go together.");
            if (parsed.GetValue(perplexity) is null != parsed.GetValue(over) is null) parsed.AddError("--perplexity FILE and --over BOUND go together.");
            if (parsed.GetValue(run) != parsed.GetValue(words) is { Length: > 0 }) parsed.AddError("--run and a COMMAND go together: ledger bisect --run -- ./check.sh");
        });
        face.Bind(command, async (parsed, printer, token) =>
        {
            var timeline = CommonOptions.TimelineOf(parsed);
            var progress = printer.IsJson ? null : new Steps(printer);
            var result = await face.Mediator.Send(
                new BisectHistory.Request(
                    CommonOptions.LedgerOf(parsed), parsed.GetValue(CommonOptions.Model), timeline, Named(parsed.GetValue(good)), Named(parsed.GetValue(bad)), TrialOf(parsed), progress, face.Err.WriteLine),
                token);
            if (printer.IsJson) printer.Json(result);
            else Print(printer, result);
            return result.First is null ? Errors.Failed : Errors.Done;

            RevisionName? Named(string? written) => written is null ? null : RevisionName.Parse(written, timeline);
        });
        return command;
    }

    private Trial TrialOf(ParseResult parsed)
    {
        if (parsed.GetValue(prompt) is { } text) return new Trial.Answer(text, parsed.GetRequiredValue(expect)!);
        if (parsed.GetValue(perplexity) is { } file) return Over(parsed.GetRequiredValue(over)!, TextLines.Read(file, "text"));
        return new Trial.Command(parsed.GetRequiredValue(words));
    }

    private static Trial.Perplexity Over(string bound, IReadOnlyList<string> texts)
    {
        var timesBase = bound.EndsWith('x');
        return double.TryParse(timesBase ? bound[..^1] : bound, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) && number > 0
            ? new Trial.Perplexity(texts, number, timesBase)
            : throw new SetupException($"\"{bound}\" is no bound of a perplexity.", "write a number above 0, or as in 1.5x times the base's");
    }

    private static void Print(Printer printer, BisectHistory.Result r)
    {
        printer.Line();
        if (r.First is not { } first)
        {
            printer.Line($"The first bad revision cannot be told: it is one of {string.Join(", ", r.Untested.Take(8).Select(u => $"{r.Timeline}@{u}"))}{(r.Untested.Count > 8 ? $" … {r.Timeline}@{r.Untested[^1]}" : "")}; all but the last could not be tested.");
            return;
        }
        printer.Line($"{r.Timeline}@{first.Revision} is the first bad revision; {r.Timeline}@{r.LastGood} is good.   {Say.Count(r.Rebuilds, "rebuild")} besides the ends, of {Say.Count(r.Changes, "change")} of the weights");
        printer.Field(first.What, $"by {Say.OneLine(first.Actor)} at {first.Time:yyyy-MM-dd HH:mm:ss}Z{(first.Reason is { } why ? $": {Say.OneLine(why)}" : "")}");
        foreach (var (edit, status) in first.Edits.Take(8).Select(e => (e.Edit, e.Status)))
            printer.Field("edit", $"{edit.Id.Short()}  {PastOptions.Fact(edit)}   {PastOptions.Cells(edit)[2]}  |Δ| {Say.Small(edit.AbsDelta)}{(status == EditStatus.InEffect ? "" : $", since {status.ToString().ToLowerInvariant()}")}");
        if (first.Edits.Count > 8) printer.Field("", $"and {first.Edits.Count - 8} more");
        printer.Line();
        printer.Line(Next(r, first));
    }

    private static string Next(BisectHistory.Result r, BisectHistory.FirstBad first)
    {
        var (on, edit) = (Say.On(r.Timeline), first.Edits[0]);
        var id = edit.Edit.Id.Short();
        var show = $"Next: ledger show {id}{on}      ";
        return (first.Edits.Count, edit.Status) switch
        {
            ( > 1, _) => $"Next: ledger log{on}      as if it had not been: ledger branch NAME --from {r.Timeline}@{r.LastGood}",
            (_, EditStatus.InEffect) => $"{show}ledger revert {id} --reason \"…\"{on}      and have later edits forget it: ledger replay {r.Timeline} --mode values --without {id} --as NAME",
            (_, EditStatus.Reverted) => $"{show}ledger reinstate {id} --reason \"…\"{on}",
            (_, EditStatus.Quarantined) => $"{show}ledger review release {id} --reason \"…\"{on}",
            _ => $"{show}ledger log{on}",
        };
    }

    private sealed class Steps(Printer printer) : IProgress<BisectHistory.Step>
    {
        public void Report(BisectHistory.Step s) =>
            printer.Line($"  {$"{s.Timeline}@{s.Revision}",-14} {s.Side.ToString().ToLowerInvariant(),-9} {Say.OneLine(s.Saw),-40} {(s.Rebuilt ? $"rebuilt, {Say.Seconds(s.Seconds)}" : "")}".TrimEnd());
    }
}
