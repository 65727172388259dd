using Ledger.Domain;
using Ledger.Host.Stores.EventStoreDb;

namespace Ledger.Host.Tests.Stores.EventStoreDb;

public sealed class ServerAddressTests
{
    [Theory]
    [InlineData("esdb://localhost", "esdb://localhost:2113", false)]
    [InlineData("kurrentdb://db.example:3000/", "kurrentdb://db.example:3000", false)]
    [InlineData("esdb://a,b:2,c", "esdb://a:2113,b:2,c:2113", true)]
    [InlineData("kurrentdb+discover://cluster.example", "kurrentdb+discover://cluster.example:2113", true)]
    [InlineData("ESDB://[::1]:99?TLS=false", "esdb://[::1]:99?tls=false", false)]
    public void Hosts_ports_and_schemes_are_understood(string text, string shown, bool discover)
    {
        var address = ServerAddress.Parse(text);
        (address.Text, address.Discover).ShouldBe((shown, discover));
        ServerAddress.Parse(address.Text).Text.ShouldBe(shown);
        $"{address}".ShouldBe(shown.Split('?')[0]);
    }

    [Fact]
    public void Every_option_is_understood()
    {
        var ca = Path.GetTempFileName();
        try
        {
            var a = ServerAddress.Parse(
                $"esdb://ann:s%40cret@h?tls=true&tlsVerifyCert=false&tlsCaFile={Uri.EscapeDataString(ca)}&nodePreference=readOnlyReplica&keepAliveInterval=1001&keepAliveTimeout=1002&defaultDeadline=1003&discoveryInterval=1004"
                + "&gossipTimeout=1005&maxDiscoverAttempts=6&connectionName=me&throwOnAppendFailure=false");
            (a.Tls, a.VerifyCertificate, a.CaFile, a.Preference, a.ConnectionName, a.MaxTries).ShouldBe((true, false, ca, NodePreference.ReadOnlyReplica, "me", 6));
            new[] { a.KeepAliveInterval, a.KeepAliveTimeout, a.Deadline, a.DiscoveryInterval, a.GossipTimeout }.ShouldBe(Enumerable.Range(1, 5).Select(i => TimeSpan.FromMilliseconds(1000 + i)));
            (a.Credentials!.User, a.Credentials.Password).ShouldBe(("ann", "s@cret"));
            ServerAddress.Parse("esdb://h?keepAliveInterval=-1").KeepAliveInterval.ShouldBe(Timeout.InfiniteTimeSpan);
            $"{a} {a.Credentials}".ShouldNotContain("cret");
        }
        finally
        {
            File.Delete(ca);
        }
    }

    [Fact]
    public void A_user_in_the_string_goes_before_the_one_of_the_environment()
    {
        var environment = new ServerCredentials("env", "p");
        ServerAddress.Parse("esdb://ann:x@h", environment).Credentials!.User.ShouldBe("ann");
        ServerAddress.Parse("esdb://h", environment).Credentials.ShouldBe(environment);
    }

    [Theory]
    [InlineData("http://h", "esdb+discover://")]
    [InlineData("esdb://", "host")]
    [InlineData("esdb://h:0", "host:2113")]
    [InlineData("esdb://h:x", "host:2113")]
    [InlineData("esdb://h:70000", "host:2113")]
    [InlineData("esdb://a b", "host:2113")]
    [InlineData("esdb://h?tls=perhaps", "tls=true")]
    [InlineData("esdb://h?nodePreference=best", "leader, follower, random, readOnlyReplica")]
    [InlineData("esdb://h?nodePreference=1", "leader, follower, random, readOnlyReplica")]
    [InlineData("esdb://h?defaultDeadline=0", "defaultDeadline=NUMBER, in milliseconds")]
    [InlineData("esdb://h?defaultDeadline=soon", "defaultDeadline=NUMBER")]
    [InlineData("esdb://h?keepAliveInterval=999", "keepAliveInterval=1000 or more")]
    [InlineData("esdb://h?keepAliveTimeout=1", "keepAliveTimeout=1000 or more")]
    [InlineData("esdb://h?keepAliveTimeout=-2", "keepAliveTimeout=NUMBER")]
    [InlineData("esdb://h?connectionName=caf%C3%A9", "ASCII")]
    [InlineData("esdb://h?connectionName=a%0Ab", "ASCII")]
    [InlineData("esdb://h?connectionName=", "1 to 64 characters")]
    [InlineData("esdb://h?tlsCaFile=", "tlsCaFile=FILE")]
    [InlineData("esdb://h?tlsCaFile=%00", "tlsCaFile=FILE")]
    [InlineData("esdb://h?tls=true&tls=true", "once")]
    [InlineData("esdb://h?tls", "once")]
    [InlineData("esdb://h?userCertFile=x", "the options are tls, tlsVerifyCert")]
    [InlineData("esdb://h?tlsCaFile=/nowhere/at-all", "name the file")]
    [InlineData("esdb://ann@h", "LEDGER_SERVER_USER")]
    public void What_is_wrong_is_said_with_what_would_be_right(string text, string remedy)
    {
        var fault = Should.Throw<ConnectionStringException>(() => ServerAddress.Parse(text));
        fault.Kind.ShouldBe(FailureKind.BadInput);
        fault.Remedy.ShouldNotBeNull().ShouldContain(remedy);
    }

    [Theory]
    [InlineData("esdb://xenia:geheim?x@h")]
    [InlineData("esdb://xenia:geheim/x@h")]
    [InlineData("esdb://xenia:ge,heim@h:x")]
    [InlineData("esdb://xenia:geheim@h?no=1")]
    [InlineData("esdb://geheim@h")]
    [InlineData("edb://xenia:geheim@h")]
    [InlineData("esdb://xenia:geheim@a b")]
    public void No_error_repeats_a_password(string text)
    {
        var fault = Should.Throw<ConnectionStringException>(() => ServerAddress.Parse(text));
        foreach (var part in new[] { "geheim", "heim", "xenia" }) $"{fault}{fault.Remedy}".Replace("LEDGER", "").ShouldNotContain(part, Case.Sensitive);
    }
}
