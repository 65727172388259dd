using System.Globalization;
using System.Net.Sockets;
using System.Security.Authentication;
using Grpc.Core;
using Ledger.Domain;
using Ledger.Domain.Events;

namespace Ledger.Host.Stores.EventStoreDb;

/// <summary>The server does not do it at the moment, however often it was asked: the same may go well later, and who waits for work goes on waiting.</summary>
public abstract class ServerAwayException(string problem, string remedy, Exception? inner) : LedgerException(problem, remedy, inner)
{
    public sealed override FailureKind Kind => FailureKind.Failed;
}

/// <summary>The server will not do it for this user or program, whatever was asked for.</summary>
public abstract class ServerRefusesException(string problem, string remedy, Exception? inner = null) : LedgerException(problem, remedy, inner)
{
    public sealed override FailureKind Kind => FailureKind.BadInput;
}

/// <summary>No node answers, or none that leads.</summary>
public sealed class ServerUnreachableException(ServerAddress server, string why, Exception? inner = null)
    : ServerAwayException($"{server} cannot be reached: {why}.", "see that the server runs and that host, port and tls are right; nothing was written", inner);

/// <summary>The server's certificate is not trusted.</summary>
public sealed class ServerCertificateException(ServerAddress server, Exception inner)
    : ServerRefusesException($"{server} does not show a certificate that is trusted for its name.", "name who signed it with tlsCaFile=FILE in the connection string, and the host as the certificate does", inner);

/// <summary>The server does not know the user or the password.</summary>
public sealed class ServerCredentialsException(ServerAddress server)
    : ServerRefusesException($"{server} does not take this user and password.", "set LEDGER_SERVER_USER and LEDGER_SERVER_PASSWORD");

/// <summary>The user may not do this; without one, nobody may.</summary>
public sealed class ServerAccessException(ServerAddress server, bool anonymous)
    : ServerRefusesException(
        $"{server} lets {(anonymous ? "nobody without a name" : "this user not")} do that.",
        anonymous ? "set LEDGER_SERVER_USER and LEDGER_SERVER_PASSWORD" : "have the user allowed to read and write the ledger's streams and, to verify, attest, copy, audit, keep projections, draw the graph or list ledgers, to read $all (the server lets only $admins, unless set otherwise)");

/// <summary>The user may not make the group of consumers that gives out a ledger's jobs.</summary>
public sealed class ServerGroupException(ServerAddress server)
    : ServerRefusesException(
        $"{server} has no group of workers for this ledger yet, and does not let this user make it.",
        "have a user of $ops or $admins run  ledger worker --until-empty  once; afterwards any may take jobs who may read and write the ledger's jobs");

/// <summary>The server lacks what is needed.</summary>
public sealed class ServerVersionException(ServerAddress server, string lacks)
    : ServerRefusesException($"{server} {lacks}.", "use EventStoreDB 22.6 or newer, or KurrentDB");

/// <summary>It takes too long, every time.</summary>
public sealed class ServerDeadlineException(ServerAddress server, Exception inner)
    : ServerAwayException($"{server} did not answer within {server.Deadline.TotalSeconds:0.###} s, however often it was asked.", "try again, or allow more with defaultDeadline=MILLISECONDS in the connection string; nothing was written", inner);

/// <summary>An append went out and no answer came back, however often it was repeated.</summary>
public sealed class AppendUnsettledException(ServerAddress server, StreamName stream, Guid id, Exception inner)
    : ServerAwayException($"{server} did not say whether event {id} of {stream} is written.", "when the server is back, look with ledger log, and give the command again if it is not there", inner)
{
    public StreamName Stream { get; } = stream;
    public Guid Id { get; } = id;
}

/// <summary>The stream was deleted at the server, events and all.</summary>
public sealed class StreamDeletedException(ServerAddress server, StreamName stream)
    : LedgerException($"{stream} was deleted at {server}.", "restore the server from a backup, or copy the ledger there again from one")
{
    public StreamName Stream { get; } = stream;
    public override FailureKind Kind => FailureKind.VerificationFailed;
}

/// <summary>Events of a stream are hidden or gone at the server, though the stream was not deleted for good.</summary>
public sealed class StreamCutException(ServerAddress server, string stream, string what)
    : LedgerException(
        $"{stream} is not whole at {server}: {what}.",
        "take $tb, $maxCount and $maxAge out of the stream's metadata, twice where it was deleted: what the server has not scavenged yet comes back. Else restore the server from a backup, or copy the ledger there again from one; of jobs delete both streams")
{
    /// <summary>As the server calls it.</summary>
    public string Stream { get; } = stream;
    public override FailureKind Kind => FailureKind.VerificationFailed;
}

/// <summary>The server is set to take less at once than an event may have.</summary>
public sealed class ServerSizeException(ServerAddress server, string type, long bytes, long? most)
    : LedgerException($"This {type} has {bytes:N0} bytes with what lies beside it; {server} takes {(most is { } m ? $"at most {m:N0}" : "less")}.", "set the server's MaxAppendSize (and MaxAppendEventSize, where it has one) to 4194304")
{
    public long Bytes { get; } = bytes;
    public long? Most { get; } = most;
    public override FailureKind Kind => FailureKind.BadInput;
}

/// <summary>Anything else a server says.</summary>
public sealed class ServerFailedException(ServerAddress server, RpcException inner)
    : LedgerException($"{server} failed with {inner.StatusCode}: {inner.Status.Detail}", "see the server's log; nothing was half-written", inner)
{
    public override FailureKind Kind => FailureKind.Failed;
}

/// <summary>An event in the ledger's streams that this program did not put there.</summary>
public sealed class ForeignEventException(ServerAddress server, string stream, ulong number, string why)
    : LedgerException($"Event {number} of \"{stream}\" at {server} is none of a ledger's: {why}.", "find out who writes into the ledger's streams; every event before this one can be read")
{
    public override FailureKind Kind => FailureKind.VerificationFailed;
}

/// <summary>What a status means, by its code, its trailers and the exceptions behind it; never by its text.</summary>
internal static class ServerErrors
{
    private const string NotLeader = "not-leader", Deleted = "stream-deleted", TooLarge = "maximum-append-size-exceeded", EventTooLarge = "maximum-append-event-size-exceeded",
        NoGroup = "persistent-subscription-does-not-exist", GroupThere = "persistent-subscription-exists";

    /// <summary>Where the leader is, when a node says that it is not the one.</summary>
    public static bool IsNotLeader(RpcException e, out NodeAddress? leader)
    {
        leader = Trailer(e, "leader-endpoint-host") is { Length: > 0 } host && int.TryParse(Trailer(e, "leader-endpoint-port"), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            ? new NodeAddress(host, port) : null;
        return Kind(e) == NotLeader;
    }

    public static bool IsDeleted(RpcException e) => Kind(e) == Deleted;

    public static bool IsTooLarge(RpcException e, out long? most)
    {
        most = long.TryParse(Trailer(e, "maximum-append-size") ?? Trailer(e, "maximum-append-event-size"), NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) ? bytes : null;
        return Kind(e) is TooLarge or EventTooLarge;
    }

    /// <summary>Whether nobody made the group of consumers yet.</summary>
    public static bool IsNoGroup(RpcException e) => Kind(e) == NoGroup;

    /// <summary>Whether somebody made it already.</summary>
    public static bool IsGroupThere(RpcException e) => Kind(e) == GroupThere;

    /// <summary>Whether a connection broke in a way that comes as it is, not as a status: in the middle of a frame, or while the next one was written.</summary>
    public static bool IsBreak(Exception e) => e is IOException or HttpRequestException;

    public static RpcException Broken(Exception e) => new(new Status(StatusCode.Unavailable, "broken", e));

    /// <summary>Whether the same may go well when it is tried again, here or at another node.</summary>
    public static bool MayPass(RpcException e) =>
        Kind(e) is null && !IsCertificate(e)
        && e.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Aborted or StatusCode.Cancelled or StatusCode.Internal or StatusCode.Unknown;

    /// <summary>Whether it is certain that no byte of the call left this machine.</summary>
    public static bool NeverSent(RpcException e) => Behind(e).Any(inner => inner is SocketException
    {
        SocketErrorCode: SocketError.ConnectionRefused or SocketError.HostNotFound or SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.NoData or SocketError.TryAgain,
    });

    /// <summary>A failure in the ledger's words, after all tries.</summary>
    public static LedgerException Translate(RpcException e, ServerAddress server) => e.StatusCode switch
    {
        _ when IsCertificate(e) => new ServerCertificateException(server, e),
        _ when IsNotLeader(e, out _) => new ServerUnreachableException(server, "no node of it leads", e),
        StatusCode.Unauthenticated => new ServerCredentialsException(server),
        StatusCode.PermissionDenied => new ServerAccessException(server, server.Credentials is null),
        StatusCode.DeadlineExceeded => new ServerDeadlineException(server, e),
        StatusCode.Unavailable => new ServerUnreachableException(server, NeverSent(e) ? "nothing answers there" : "it is not ready, or the connection broke", e),
        StatusCode.Aborted => new ServerUnreachableException(server, "too few of its nodes answer each other", e),
        StatusCode.Unimplemented => new ServerVersionException(server, "does not know a call that is needed"),
        _ => new ServerFailedException(server, e),
    };

    private static bool IsCertificate(RpcException e) => Behind(e).Any(inner => inner is AuthenticationException);

    private static IEnumerable<Exception> Behind(RpcException e)
    {
        for (var inner = e.Status.DebugException; inner is not null; inner = inner.InnerException) yield return inner;
    }

    private static string? Kind(RpcException e) => Trailer(e, "exception");

    private static string? Trailer(RpcException e, string key) => e.Trailers.GetValue(key);
}
