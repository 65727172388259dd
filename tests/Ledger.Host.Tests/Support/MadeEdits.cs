using Ledger.Domain;
using Ledger.Domain.Gate;
using Ledger.Host.Sessions;

namespace Ledger.Host.Tests.Support;

/// <summary>
/// Edits that nobody computed, of a given size, recorded through a session as computed ones are: long histories in seconds, in which it is known what each edit does. Their request, keys and
/// signals are those of an edit that is there already.
/// </summary>
internal static class MadeEdits
{
    /// <param name="like">An edit on <c>main</c>.</param>
    /// <param name="edits">Their subjects, and ‖r‖; directions are random, seeded by the subject's length and place.</param>
    public static async Task AppendAsync(LedgerProcess ledger, EditId like, IEnumerable<(string Subject, double Length)> edits)
    {
        var token = TestContext.Current.CancellationToken;
        await using var session = await new LedgerSessions(TimeProvider.System).OpenAsync(new LedgerPaths(ledger["tiny.ledger"]), token);
        var main = await session.HistoryAsync(LedgerSetup.Main, token);
        var record = main.Record(like);
        foreach (var (subject, length) in edits)
        {
            var random = new Random((int)main.Timeline.Revision);
            var (u, r) = (Vector(random, record.Keys.UBar.Length, 1), Vector(random, record.Solution.R.Length, length));
            var next = record with
            {
                Edit = NewIds.Edit(),
                Request = record.Request with { Subject = subject },
                Keys = record.Keys with { UBar = u, UO = u },
                Solution = record.Solution with { R = r },
                Verdict = record.Verdict with { Outcome = Outcome.Applied },
            };
            await session.AppendAsync(main.Tip, main.Timeline.Record(next, null, null), CommandContext.For("ana"), token);
        }
    }

    /// <summary>A random direction of a given length.</summary>
    private static Float32Vector Vector(Random random, int dimensions, double length)
    {
        double[] values = [.. Enumerable.Range(0, dimensions).Select(_ => random.NextDouble() - 0.5)];
        var norm = Math.Sqrt(values.Sum(x => x * x));
        return new Float32Vector([.. values.Select(x => (float)(length * x / norm))]);
    }
}
