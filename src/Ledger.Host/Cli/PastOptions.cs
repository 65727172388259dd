using System.CommandLine;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Host.Features.Past;

namespace Ledger.Host.Cli;

/// <summary>What the questions about the past have in common.</summary>
internal static class PastOptions
{
    public static Argument<string?> Revision() => new("REVISION") { Description = "main@17, 17, head, what-if, a tag; default the head of --timeline.", Arity = ArgumentArity.ZeroOrOne };

    public static Option<int> Top(string what, int normally)
    {
        var top = new Option<int>("--top") { Description = $"List at most so many {what}.", DefaultValueFactory = _ => normally, HelpName = "N" };
        top.Check(parsed =>
        {
            if (parsed.GetValueOrDefault<int>() < 1) parsed.AddError("--top takes 1 or more.");
        });
        return top;
    }

    public static RevisionName Of(ParseResult parsed, string? written) => CommonOptions.RevisionsOf(parsed, written is null ? null : [written])[0];

    /// <summary>Cells of a table: id, revision, variant, |Δ|.</summary>
    public static string[] Cells(NamedEdit e) => [e.Id.Short(), $"{e.Revision}", e.Variant.Name(), Say.Small(e.AbsDelta)];

    public static string Fact(NamedEdit e) => Say.Fact(e.Prompt, e.Subject, e.Target);
}
