using Ledger.Domain;
using Ledger.Host.Sessions;
using Ledger.Projections.Timelines;

namespace Ledger.Host.Features;

internal static class Revisions
{
    /// <summary>The history up to a revision.</summary>
    /// <exception cref="RevisionUnknownException">No such timeline or revision.</exception>
    public static TimelineHistory At(LedgerSession session, RevisionName name)
    {
        session.Setup.Timeline(name.Timeline);          // says which there are
        return name.Revision is { } revision ? session.Main.At(revision) : session.Main;
    }
}
