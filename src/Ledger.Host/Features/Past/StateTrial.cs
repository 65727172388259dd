using System.Globalization;
using System.Text;
using Ledger.Domain;
using Ledger.Domain.Ports;
using Ledger.Host.Sessions;
using Ledger.Projections.Timelines;

namespace Ledger.Host.Features.Past;

/// <summary>What is asked of a state: something that holds or does not.</summary>
public abstract record Trial
{
    /// <summary>Whether the greedy continuation of a prompt begins with a text; white space before it does not count.</summary>
    public sealed record Answer(string Prompt, string Expect) : Trial;

    /// <summary>Whether the perplexity of texts is at most a bound.</summary>
    /// <param name="Bound">Of the perplexity, or of its ratio to the base's.</param>
    public sealed record Perplexity(IReadOnlyList<string> Texts, double Bound, bool TimesBase) : Trial;

    /// <summary>Whether a program ends with 0, as <c>git bisect run</c> has it. It is run without a shell.</summary>
    /// <param name="Words">Program and arguments.</param>
    public sealed record Command(IReadOnlyList<string> Words) : Trial;

    private Trial()
    {
    }
}

/// <param name="Holds">Null: it cannot be told.</param>
/// <param name="Saw">What was seen, in words.</param>
/// <param name="Fingerprint">Of the weights looked at.</param>
internal readonly record struct Sight(bool? Holds, string Saw, Digest Fingerprint);

/// <summary>A trial that is ready to look at states.</summary>
internal abstract class StateTrial : IDisposable
{
    /// <summary>What is asked, in words.</summary>
    public abstract string Says { get; }

    public abstract Task<Sight> LookAsync(TimelineHistory history, CancellationToken token);

    public abstract void Dispose();

    /// <exception cref="LedgerException">The base is not at hand, or the trial makes no sense.</exception>
    public static StateTrial Of(BisectHistory.Request request, LedgerSession session, IModelLibrary library, BaseGuard guard, TimeProvider time, CancellationToken token)
    {
        switch (request.Trial)
        {
            case Trial.Answer { Prompt: var prompt, Expect: var expect }:
                if (prompt.Trim().Length == 0) throw new SetupException("The prompt is empty.", "ask something:  --prompt \"The mother tongue of Danielle Darrieux is\"");
                if (expect.Trim().Length == 0) throw new SetupException("The expected answer is empty: every answer begins with it.", "say what it shall begin with:  --expect French");
                return new AnswerTrial(Workbench.Load(session, library, guard, request.Model, token), prompt, expect);
            case Trial.Perplexity { Texts: var texts, Bound: var bound, TimesBase: var timesBase }:
                var bench = Workbench.Load(session, library, guard, request.Model, token);
                try
                {
                    return new PerplexityTrial(bench, texts, bound, timesBase ? bench.Editor.Perplexity(texts, token) : null);
                }
                catch
                {
                    bench.Dispose();
                    throw;
                }
            case Trial.Command { Words: var words }:
                return new CommandTrial(new MatrixBench(session, guard, request.Model, time, token), words, request.Output);
            default:
                throw new System.Diagnostics.UnreachableException($"{request.Trial} has no trial.");
        }
    }

    private sealed class AnswerTrial(Workbench bench, string prompt, string expect) : StateTrial
    {
        // No token of text is shorter than a byte, and one may hold the space before.
        private readonly int tokens = Encoding.UTF8.GetByteCount(expect.Trim()) + 1;

        public override string Says => $"the answer to \"{prompt}\" begins with \"{expect.Trim()}\"";

        public override Task<Sight> LookAsync(TimelineHistory history, CancellationToken token)
        {
            bench.Install(history, token);
            var said = bench.Editor.Continue(prompt, tokens, token);
            return Task.FromResult(new Sight(said.TrimStart().StartsWith(expect.Trim(), StringComparison.Ordinal), $"\"{said.Trim()}\"", bench.Fingerprint));
        }

        public override void Dispose() => bench.Dispose();
    }

    /// <param name="atBase">What <paramref name="bound"/> is to be multiplied with.</param>
    private sealed class PerplexityTrial(Workbench bench, IReadOnlyList<string> texts, double bound, double? atBase) : StateTrial
    {
        private readonly double most = bound * (atBase ?? 1);

        public override string Says => string.Create(CultureInfo.InvariantCulture, $"the perplexity is at most {most:g4}") + (atBase is { } p ? string.Create(CultureInfo.InvariantCulture, $", {bound:g4} times the base's {p:g4}") : "");

        public override Task<Sight> LookAsync(TimelineHistory history, CancellationToken token)
        {
            bench.Install(history, token);
            var perplexity = bench.Editor.Perplexity(texts, token);
            return Task.FromResult(new Sight(perplexity <= most, string.Create(CultureInfo.InvariantCulture, $"perplexity {perplexity:g4}"), bench.Fingerprint));
        }

        public override void Dispose() => bench.Dispose();
    }
}
