using Ledger.Domain;
using Ledger.Domain.Events;

namespace Ledger.TestKit;

/// <summary>
/// Given what happened, when somebody decides, then this is recorded, or the decision is refused:
/// <c>Given.Timeline(Some.Applied(1)).When(t =&gt; t.Revert(Some.Edit(1), "why", null)).Throws&lt;…&gt;()</c>.
/// </summary>
public static class Given
{
    /// <summary>A timeline with this history; its base matrix is <see cref="Some.BaseMatrix"/>.</summary>
    public static Situation<Timeline, TimelineEvent> Timeline(params TimelineEvent[] history) =>
        new(history.Aggregate(Some.Main, (t, e) => t.Evolve(e)), (t, e) => t.Evolve(e));

    /// <summary>A ledger whose own stream holds these events; each event's hash is the digest of its payload.</summary>
    public static Situation<LedgerSetup, SetupEvent> Ledger(params SetupEvent[] history) =>
        new(history.Aggregate(LedgerSetup.Empty, Evolve), Evolve);

    private static LedgerSetup Evolve(LedgerSetup setup, SetupEvent e) => setup.Evolve(e, Digest.Of(EventJson.Serialize(e)));
}

/// <summary>An aggregate with its past behind it.</summary>
public sealed class Situation<TState, TEvent>(TState state, Func<TState, TEvent, TState> evolve)
    where TEvent : LedgerEvent
{
    public Decision<TState, TEvent> When(Func<TState, TEvent> decide)
    {
        try
        {
            return new Decision<TState, TEvent>(state, evolve, decide(state), null);
        }
        catch (LedgerException refused)
        {
            return new Decision<TState, TEvent>(state, evolve, null, refused);
        }
    }

    /// <summary>What the past alone makes of the aggregate.</summary>
    public void Then(Action<TState> holds) => holds(state);
}

/// <summary>What came of a decision: the event, or why there is none.</summary>
public sealed class Decision<TState, TEvent>(TState before, Func<TState, TEvent, TState> evolve, TEvent? recorded, LedgerException? refused)
    where TEvent : LedgerEvent
{
    private TEvent Recorded => recorded ?? throw new InvalidOperationException($"The decision was refused: {refused!.Message}", refused);

    /// <summary>The event that was recorded, to look at and to fold; what holds afterwards.</summary>
    public void Records<T>(Action<T, TState> holds) where T : TEvent
    {
        var e = Recorded.ShouldBeAssignableTo<T>()!;
        holds(e, evolve(before, e));
    }

    /// <summary>Exactly this event was recorded.</summary>
    public void Records(TEvent expected) => Recorded.ShouldBe(expected);

    /// <summary>The aggregate with the event folded in.</summary>
    public void Then(Action<TState> holds) => holds(evolve(before, Recorded));

    /// <summary>The decision was refused, for this reason, with a problem and, unless it says it all, a remedy.</summary>
    public void Throws<T>(Action<T>? facts = null) where T : LedgerException
    {
        if (refused is null) throw new InvalidOperationException($"The decision was not refused: it recorded {recorded}.");
        var reason = refused.ShouldBeOfType<T>();
        reason.Message.ShouldNotBeNullOrWhiteSpace();
        facts?.Invoke(reason);
    }
}
