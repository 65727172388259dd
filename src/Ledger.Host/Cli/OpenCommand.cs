using System.CommandLine;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Gate;
using Ledger.Domain.Validation;
using Ledger.Host.Features;
using Ledger.Host.Sessions;

namespace Ledger.Host.Cli;

internal static class OpenCommand
{
    public static Command Create(Face face)
    {
        var name = new Argument<string>("NAME") { Description = "The ledger's name; the file is NAME.ledger in this folder." };
        var layer = new Option<int?>("--layer") { Description = "The layer ℓ whose MLP down-projection is edited, counted from 0; left out, the published one or one by the model's depth.", HelpName = "N" };
        var builtIn = new Option<bool>("--built-in") { Description = "Open it over the model that comes with the program, with the layer, hyperparameters and C that come with it." };
        var seed = new Option<long>("--seed") { Description = "What the context templates are drawn from; recorded.", DefaultValueFactory = _ => 0, HelpName = "N" };
        var templates = new Option<string?>("--templates") { Description = "Context templates to use instead of drawing them: a JSON array of texts with one {} each, the first {}.", HelpName = "FILE" };
        var gate = new Option<string>("--gate") { Description = "default stops collapsing and useless edits; observe computes and records the same verdicts and stops nothing.", DefaultValueFactory = _ => "default" };
        gate.AcceptOnlyFromAmong("default", "observe");
        var policy = new Option<string?>("--policy") { Description = "A gate policy of your own (JSON; docs/event-format.md, GatePolicy).", HelpName = "FILE" };
        var sweep = new Option<string?>("--sweep") { Description = "Open nothing, but try the edits of a few of these records (a file as edit --from takes) at several layers, and propose one. Needs --text.", HelpName = "RECORDS" };
        var texts = new Option<string[]>("--text") { Description = "With --sweep: ordinary text to measure each layer's C over.", HelpName = "TEXT", AllowMultipleArgumentsPerToken = true };
        var server = ServerOption.Create("Keep the events on this EventStoreDB or KurrentDB; NAME.ledger then says where they are.");
        var search = new SearchOptions();
        var command = new Command("open", "Open a ledger over a model: reads and digests it, draws the context templates, sets the gate.") { name, layer, builtIn, seed, templates, gate, policy, server, sweep, texts };
        search.AddTo(command);
        command.Check(parsed =>
        {
            var chosen = parsed.Given([CommonOptions.Model, layer, .. search.All]).Select(o => o.Name).ToList();
            if (parsed.GetValue(builtIn) && chosen.Count > 0) parsed.AddError($"--built-in brings what {string.Join(", ", chosen)} would say: leave one or the other out. To choose, give --model the folder that ledger doctor prints.");
        });
        command.Check(parsed =>
        {
            if (parsed.GetValue(sweep) is null != parsed.GetValue(texts) is not { Length: > 0 }) parsed.AddError("--sweep RECORDS and --text TEXT… go together: each layer needs a C of its own.");
            if (parsed.GetValue(sweep) is not null && (parsed.GetResult(layer) is not null || parsed.GetValue(builtIn))) parsed.AddError("--sweep looks for a layer: leave --layer and --built-in out.");
            var beside = parsed.Given([gate, policy, templates, server]).Select(o => o.Name).ToList();
            if (parsed.GetValue(sweep) is not null && beside.Count > 0) parsed.AddError($"--sweep opens nothing: leave {string.Join(", ", beside)} for the ledger itself.");
        });
        face.Bind(command, async (parsed, printer, token) =>
        {
            if (parsed.GetValue(sweep) is { } records)
            {
                // The ledger is to be opened with what the layer was chosen under.
                var same = parsed.CommandResult.Given([.. search.All, seed]).Select(o => $" {o.Name} {parsed.GetResult(o)!.Tokens[0].Value}");
                await SweepAsync(face, printer, parsed.GetRequiredValue(name), string.Concat(same), new SweepLayers.Request(ModelOf(parsed), records, [.. parsed.GetRequiredValue(texts)], parsed.GetValue(seed), search.Of(parsed), null), token);
                return Errors.Done;
            }
            var rules = parsed.GetValue(policy) is { } file ? PolicyFile.Read(file, null) : parsed.GetValue(gate) == "observe" ? GatePolicy.Observing : GatePolicy.Default;
            ValidationFailedException.ThrowIfInvalid(new GatePolicyValidator(), rules);
            var given = parsed.GetValue(templates) is { } listed ? ContextTemplates.Given(JsonFile.Read<string[]>(listed)) : null;
            if (given is not null) ValidationFailedException.ThrowIfInvalid(new ContextTemplatesValidator(), given);
            var (called, author) = (parsed.GetRequiredValue(name), CommonOptions.AuthorOf(parsed));
            var comes = parsed.GetValue(builtIn);
            var open = comes ? BuiltIn.Open(called, author) : new OpenLedger(called, ModelOf(parsed), parsed.GetValue(layer), 0, search.Of(parsed), author);
            var (paths, setup) = await face.Mediator.Send(
                new OpenLedgerFeature.Request(open with { Seed = parsed.GetValue(seed) }, Directory.GetCurrentDirectory(), given, rules, comes ? BuiltIn.Keys : null, ServerOption.Of(parsed, server)), token);
            Print(printer, paths, setup);
            return Errors.Done;
        });
        return command;
    }

    private static async Task SweepAsync(Face face, Printer printer, string name, string options, SweepLayers.Request request, CancellationToken token)
    {
        ValidationFailedException.ThrowIfInvalid(new HyperparametersValidator(), request.Hyperparameters);
        if (!printer.IsJson) printer.Line($"At most {SweepLayers.Records} records, each edited alone; C over {Say.Count(SweepLayers.Tokens)} tokens a layer; S is the harmonic mean of ES, PS and NS.");
        var result = await face.Mediator.Send(request with { Tried = new Rows(printer) }, token);
        if (printer.IsJson)
        {
            printer.Json(result);
            return;
        }
        printer.Line();
        printer.Line($"Best by the mean of S over the variants: layer {result.Best}{(result.Best == result.Default ? ", which is the default" : $"; the default is {result.Default}")}. Records so few tell bad layers from good ones, not good ones from each other.");
        printer.Line($"Next: ledger open {name} --model \"{request.Model}\" --layer {result.Best}{options}");
    }

    private sealed class Rows(Printer printer) : IProgress<SweepLayers.Row>
    {
        public void Report(SweepLayers.Row r)
        {
            if (!printer.IsJson) printer.Line($"  layer {r.Layer,3}   mean S {r.Mean,5:0.0}   rome {r.Rome}   r-rome {r.RRome}   p-rome {r.PRome}   {Say.Seconds(r.Seconds)}");
        }
    }

    private static string ModelOf(ParseResult parsed) =>
        (parsed.GetValue(CommonOptions.Model) ?? Environment.GetEnvironmentVariable("LEDGER_MODEL")) is { Length: > 0 } named ? named
        : throw new SetupException("No model is named.", "name its folder with --model, or take the one that comes along with --built-in");

    private static void Print(Printer printer, LedgerPaths paths, LedgerSetup setup)
    {
        var (opened, templates) = (setup.Base, setup.RequireTemplates());
        if (printer.IsJson)
        {
            printer.Json(new { paths.File, opened.Ledger, opened.Name, opened.Base, opened.Matrix, opened.BaseMatrix, opened.Hyperparameters, Templates = templates, setup.Policy, setup.Statistics });
            return;
        }
        printer.Line($"Opened {opened.Name} over {opened.Base.Name} ({opened.Base.Family}, {opened.Base.Layers} layers, {Say.Count(opened.Base.Parameters)} parameters, {opened.Base.StoredAs} on disk)");
        printer.Field("file", paths.File);
        printer.Field("base", opened.Base.Digest.Short());
        printer.Field("edits", $"{opened.Matrix}, fingerprint {opened.BaseMatrix.Short()}");
        printer.Field("templates", $"{templates.Texts.Length}, {(templates.Seed is { } s ? $"drawn with seed {s}" : "given")}");
        if (opened.Hyperparameters != Hyperparameters.Published) printer.Field("search", opened.Hyperparameters.ToString());
        printer.Field("gate", setup.Policy.ToString());
        if (setup.Statistics is { } c) printer.Field("C", $"{c.Digest.Short()}, of {Say.Count(c.Tokens)} tokens");
        printer.Line();
        printer.Line(setup.Statistics is null
            ? "Next: ledger keystats TEXT…      measure C over ordinary text, once, before the first edit"
            : "Next: ledger edit \"The capital of {} is\" --subject Australia --to Sydney");
    }
}
