using System.CommandLine;
using System.Globalization;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Gate;
using Ledger.Host.Features;
using Ledger.Host.Sessions;

namespace Ledger.Host.Cli;

/// <summary>The first minute: the ordinary use cases, one after the other, over the built-in model. Nothing here is written down beforehand but their order.</summary>
internal sealed class DemoCommand
{
    private readonly Face face;
    private readonly Printer printer;
    private readonly string author;
    private readonly CancellationToken token;
    private readonly string name;
    private readonly LedgerPaths paths;

    private DemoCommand(Face face, Printer printer, string author, string name, CancellationToken token)
    {
        (this.face, this.printer, this.author, this.name, this.token) = (face, printer, author, name, token);
        paths = new LedgerPaths(Path.GetFullPath(name + LedgerPaths.Extension));
    }

    public static Command Create(Face face)
    {
        var command = new Command("demo", "The first minute: facts edited in the built-in model, an edit that would break it stopped, the past rebuilt.");
        face.Bind(command, async (parsed, printer, token) =>
        {
            var name = Enumerable.Range(1, int.MaxValue).Select(n => n == 1 ? "demo" : $"demo-{n}").First(n => !Path.Exists(n + LedgerPaths.Extension));
            await new DemoCommand(face, printer, CommonOptions.AuthorOf(parsed), name, token).RunAsync();
            return Errors.Done;
        });
        return command;
    }

    private async Task RunAsync()
    {
        await OpenAsync();

        var landmark = BuiltIn.Fact("Big Ben", "landmark_city");
        await AskAsync(landmark.Text);
        var first = await EditAsync(landmark, Variant.RRome);
        await AskAroundAsync(landmark);
        var field = BuiltIn.Fact("Albert Einstein", "field_of_work");
        await EditAsync(field, Variant.PRome);
        await AskAroundAsync(field);
        Line();

        // Of all subjects the one with the largest key asymmetry (atlas/README.md, the scan).
        var disabling = BuiltIn.Fact("India", "continent");
        await EditAsync(disabling, Variant.Rome);
        await EditAsync(disabling, Variant.PRome);
        await AskAroundAsync(disabling);
        Line();

        await RebuildAsync("main@1", "main@2");
        await RevertAsync(first);
        await AskAsync(landmark.Text);
        await VerifyAsync();
        Line();
        Line($"Next: ledger log -l {name}      ledger review -l {name}      ledger show main@3 -l {name}");
        Line("A model of yours: ledger open my --model FOLDER      then ledger keystats TEXT…      ledger edit …      ledger --help");
    }

    private async Task OpenAsync()
    {
        var (_, setup) = await face.Mediator.Send(new OpenLedgerFeature.Request(BuiltIn.Open(name, author), Directory.GetCurrentDirectory(), null, GatePolicy.Default, BuiltIn.Keys), token);
        if (printer.IsJson) printer.Json(new { paths.File, setup.Base.Base, setup.Base.Matrix, setup.Statistics });
        var parameters = (setup.Base.Base.Parameters / 1e6).ToString("0.0", CultureInfo.InvariantCulture);
        Line($"Built-in model {setup.Base.Base.Name} (GPT-2 shape, {parameters} M parameters, float16 on disk), layer {setup.Base.Matrix.Layer}, gate {setup.Policy}, ledger in ./{name}{LedgerPaths.Extension}");
        Line();
    }

    private async Task<EditResult> EditAsync(EditRequest request, Variant variant)
    {
        var r = await face.Mediator.Send(new ApplyEditFeature.Request(new ApplyEdit(request, variant, author, "the demo", null), paths, LedgerSetup.Main, BuiltIn.Model, DryRun: false, OnConflict.Fail, Progress: null), token);
        var stops = r.Verdict.Stops.ToList();
        Step("edit", $"{request.Text} → {request.Target}", $"{variant.Name(),-6}  {Say.Seconds(r.Seconds),6}  |Δ| {Say.Small(r.AbsDelta)}  {r.Outcome.ToString().ToLowerInvariant()}, {(stops.Count == 0 ? "" : "not in the weights, ")}main@{r.Revision}", r);
        foreach (var why in stops) Step("", "", $"why: {why.InWords()}");
        return r;
    }

    private async Task AskAsync(string prompt)
    {
        var asked = await AnswersAsync(prompt);
        Step("ask", prompt, $"{Saying(asked.Answers[^1])}   {(asked.Answers.Count == 1 ? "(the base)" : $"(base: {Saying(asked.Answers[0])})")}", asked);
    }

    /// <summary>Asks an edited fact, its paraphrases and its neighbours.</summary>
    private async Task AskAroundAsync(EditRequest edited)
    {
        var asked = await AnswersAsync(edited.Text);
        var (paraphrases, neighbours) = (0, 0);
        foreach (var text in edited.Paraphrases)
            if (Answer((await AnswersAsync(text)).Answers[^1]) == edited.Target) paraphrases++;
        foreach (var text in edited.Neighbours)
            if ((await AnswersAsync(text)).Answers is var both && Answer(both[0]) == Answer(both[^1])) neighbours++;
        var kept = edited.Neighbours.Length > 0 ? $"   neighbours kept {neighbours}/{edited.Neighbours.Length}" : "";
        Step("ask", edited.Text, $"{Saying(asked.Answers[^1])}   (base: {Saying(asked.Answers[0])})   paraphrases {paraphrases}/{edited.Paraphrases.Length}{kept}", asked);
    }

    private async Task RebuildAsync(params string[] revisions)
    {
        var past = await face.Mediator.Send(new Rebuild.Request(paths, BuiltIn.Model, [.. revisions.Select(r => RevisionName.Parse(r))], null), token);
        foreach (var r in past.Revisions)
            Step("past", $"{r.Revision} rebuilt from the base in {Say.Seconds(r.Milliseconds / 1000)}", $"fingerprint {r.Fingerprint.Short()} {(r.Agrees == true ? "= live ✓" : "≠ live ✗")}", r);
    }

    private async Task RevertAsync(EditResult edit)
    {
        var r = await face.Mediator.Send(new Decide.Request(Decide.Kind.Revert, new DecideOnEdit(edit.Edit.ToString(), author, "the demo takes its first edit back"), paths, LedgerSetup.Main, BuiltIn.Model, DryRun: false), token);
        Step("revert", $"ledger revert {edit.Edit.Short()} --reason \"…\"", $"main@{r.Revision}, {Say.Count(r.InEffect, "edit")} in effect", r);
    }

    private async Task VerifyAsync()
    {
        var r = await face.Mediator.Send(new Verify.Request(paths, BuiltIn.Model, Deep: true), token);
        Step("verify", $"{Say.Count(r.Events, "event")}, {Say.Count(r.Revisions, "revision")}, {Say.Count(r.Fingerprints, "fingerprint")}, the base", "sound", r);
    }

    private async Task<Ask.Result> AnswersAsync(string prompt) => await face.Mediator.Send(new Ask.Request(paths, BuiltIn.Model, prompt, [RevisionName.Head(LedgerSetup.Main)], 8), token);

    private static string Saying(Ask.Answer a) => $"{Answer(a)} {Say.Percent(a.Next[0].Probability)}";

    /// <summary>An answer of this model ends where its sentence does.</summary>
    private static string Answer(Ask.Answer a) => a.Continuation.Split('.')[0].Trim();

    private void Step(string label, string what, string result, object? json = null)
    {
        if (!printer.IsJson) printer.Line($"  {label,-6} {Say.OneLine(what),-62}  {Say.OneLine(result)}".TrimEnd());
        else if (json is not null) printer.Json(json);
    }

    private void Line(string text = "")
    {
        if (!printer.IsJson) printer.Line(text);
    }
}
