using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Host.Stores.EventStoreDb;
using Ledger.Host.Tests.Support.EventStoreDb;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Stores.EventStoreDb;

/// <summary>Who is let in, over what, and at which node.</summary>
public sealed class ServerNodesTests : IDisposable
{
    private static readonly LedgerId Id = new(7);
    private static readonly StreamName A = StreamName.Parse("timeline-a");
    private readonly string folder = Directory.CreateTempSubdirectory("ledger-tls-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task With_TLS_user_and_password_and_the_authority_must_be_right()
    {
        var (ca, certificate) = Certificates("localhost");
        var file = Path.Combine(folder, "ca.crt");
        await File.WriteAllTextAsync(file, ca.ExportCertificatePem(), Token);
        await using var cluster = await FakeCluster.StartAsync(new FakeCluster { Certificate = certificate, User = ("ann", "geheim") });
        var right = $"tlsCaFile={Uri.EscapeDataString(file)}";

        await using (var store = await OpenAsync(cluster.Address(right, "ann:geheim@"))) await new Chain(store, A).AppendAsync([1], Token);
        await using (await OpenAsync(cluster.Address("tlsVerifyCert=false", "ann:geheim@"))) { }
        (await Should.ThrowAsync<ServerCredentialsException>(() => OpenAsync(cluster.Address(right, "ann:falsch@")))).Kind.ShouldBe(FailureKind.BadInput);
        (await Should.ThrowAsync<ServerAccessException>(() => OpenAsync(cluster.Address(right)))).Remedy.ShouldNotBeNull().ShouldContain("LEDGER_SERVER_USER");
        (await Should.ThrowAsync<ServerCertificateException>(() => OpenAsync(cluster.Address(user: "ann:geheim@")))).Remedy.ShouldNotBeNull().ShouldContain("tlsCaFile");
        // The right certificate, shown by another host than it names.
        var elsewhere = cluster.Address(right, "ann:geheim@").Replace("localhost", "127.0.0.1", StringComparison.Ordinal);
        await Should.ThrowAsync<ServerCertificateException>(() => OpenAsync(elsewhere));
    }

    [Fact]
    public async Task Without_TLS_no_password_leaves_this_machine()
    {
        await using var cluster = await FakeCluster.StartAsync(new FakeCluster());
        await using var store = await OpenAsync(cluster.Address(user: "ann:geheim@"));
        await new Chain(store, A).AppendAsync([1], Token);
        cluster.Authorizations.ShouldBeEmpty();
    }

    [Fact]
    public async Task Of_several_nodes_the_leader_is_found_by_gossip()
    {
        await using var cluster = await FakeCluster.StartAsync(new FakeCluster { Size = 3, Leader = 2 });
        await using var store = await OpenAsync(cluster.Address());
        await new Chain(store, A).AppendAsync([1], Token);
        (await store.ReadLastAsync(A, Token)).ShouldNotBeNull();
        cluster.AppendedAt.Concat(cluster.ReadAt).ShouldAllBe(node => node == 2);
    }

    [Fact]
    public async Task A_follower_that_is_named_alone_says_where_the_leader_is()
    {
        await using var cluster = await FakeCluster.StartAsync(new FakeCluster { Size = 3, Leader = 1 });
        await using var store = await OpenAsync($"esdb://localhost:{cluster.Ports[2]}?tls=false");
        await new Chain(store, A).AppendAsync([1], Token);
        cluster.AppendedAt.ShouldBe([1]);
        (await store.ReadLastAsync(A, Token)).ShouldNotBeNull();
        cluster.ReadAt.ShouldAllBe(node => node == 1);
    }

    [Fact]
    public async Task With_a_preference_for_followers_reads_go_to_one_and_appends_to_the_leader()
    {
        await using var cluster = await FakeCluster.StartAsync(new FakeCluster { Size = 3 });
        await using var store = await OpenAsync(cluster.Address("nodePreference=follower"));
        var chain = new Chain(store, A);
        for (var i = 0; i < 3; i++) await chain.AppendAsync([1], Token);
        cluster.AppendedAt.ShouldBe([0, 0, 0]);
        cluster.ReadAt.Clear();
        (await store.ReadStreamAsync(A, 0, Token).CountAsync(Token)).ShouldBe(3);
        (await store.ReadAllAsync(StorePosition.Start, Token).CountAsync(Token)).ShouldBe(3);
        // But for where the ledger begins, and where a stream ends: that the leader knows first.
        cluster.ReadAt.Where(node => node != 0).Count().ShouldBe(2);
        cluster.ReadAt.Count(node => node == 0).ShouldBe(1);
        cluster.ReadAt.Clear();
        (await store.ReadLastAsync(A, Token)).ShouldNotBeNull();
        cluster.ReadAt.ShouldBe([0]);
    }

    [Fact]
    public async Task The_ledgers_of_a_server_are_listed_in_the_order_of_their_opening()
    {
        await using var cluster = await FakeCluster.StartAsync(new FakeCluster());
        var server = ServerAddress.Parse(cluster.Address());
        for (var i = 1; i <= 3; i++)
        {
            await using var store = await EventStoreDbStore.OpenAsync(server, new LedgerId((UInt128)i), TimeProvider.System, Token);
            var data = EventJson.Serialize(Some.Opened with { Ledger = new LedgerId((UInt128)i), Name = $"ledger{i}" });
            var stream = StreamName.Of(new LedgerId((UInt128)i));
            await store.AppendAsync(stream, Domain.Ports.ExpectedRevision.NoStream, Chain.Event(stream, 0, default, data, EventJson.Serialize(Some.Metadata(i)), Some.Metadata(i).EventId, "ledger-opened.v1"), Token);
        }
        // Somebody else's event of the same name.
        cluster.Log.Append("elsewhere", -1, Guid.NewGuid(), "ledger-opened.v1", "application/json", [], "{}"u8.ToArray());
        var names = new List<string>();
        await foreach (var ledger in EventStoreDbStore.LedgersAsync(server, TimeProvider.System, Token)) names.Add(ledger.Name);
        names.ShouldBe(["ledger1", "ledger2", "ledger3"]);
    }

    private static async Task<EventStoreDbStore> OpenAsync(string address) => await EventStoreDbStore.OpenAsync(ServerAddress.Parse(address), Id, TimeProvider.System, Token);

    private static (X509Certificate2 Authority, X509Certificate2 Server) Certificates(string host)
    {
        var (from, to) = (TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authority = new CertificateRequest("CN=test authority", authorityKey, HashAlgorithmName.SHA256);
        authority.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        var ca = authority.CreateSelfSigned(from, to);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var server = new CertificateRequest($"CN={host}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        server.CertificateExtensions.Add(names.Build());
        using var signed = server.Create(ca, from, to, [1, 2, 3, 4]);
        // By way of a PKCS #12: a key that lives in memory only is none to every TLS library.
        return (ca, X509CertificateLoader.LoadPkcs12(signed.CopyWithPrivateKey(key).Export(X509ContentType.Pkcs12), null));
    }
}
