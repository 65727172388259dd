using System.Diagnostics;
using System.Runtime.CompilerServices;
using Ledger.Host.Stores;
using Ledger.TestKit;

namespace Ledger.Host.Tests.Stores;

/// <summary>
/// A process of its own that appends events and says after each that it was acknowledged, until it is killed. It is this test program,
/// started with an environment variable: then it writes instead of testing.
/// </summary>
internal static class StoreWriter
{
    private const string Variable = "LEDGER_TEST_STORE_WRITER";

    public static Process Start(string path)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(StoreWriter).Assembly.Location]) { RedirectStandardOutput = true };
        start.Environment[Variable] = path;
        return Process.Start(start)!;
    }

    /// <summary>The bytes of event n: recognisable, of a size that spans pages.</summary>
    public static byte[] Data(long n)
    {
        var data = new byte[2_000 + (int)(n * 7919 % 50_000)];
        new Random((int)n).NextBytes(data);
        return data;
    }

#pragma warning disable CA2255 // a module initialiser in a program is what this is
    [ModuleInitializer]
    internal static void WriteIfAsked()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } path) WriteAsync(path).GetAwaiter().GetResult();
    }
#pragma warning restore CA2255

    private static async Task WriteAsync(string path)
    {
        await using var store = await SqliteEventStore.OpenAsync(path, OpenMode.Open, TimeProvider.System, CancellationToken.None);
        var chain = new Chain(store, Chain.Named("timeline-a"));
        await chain.CatchUpAsync(CancellationToken.None);
        while (true)
        {
            var number = (await chain.AppendAsync(Data(chain.Last + 1), CancellationToken.None)).Number;
            await Console.Out.WriteLineAsync($"{number}");
        }
    }
}
