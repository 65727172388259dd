using System.Runtime.InteropServices;
using Ledger.Host.Cli;

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) => pressed.Cancel = StopsSafely();
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => signal.Cancel = StopsSafely());
return await LedgerCli.RunAsync(args, Console.Out, Console.Error, TimeProvider.System, stop.Token);

// The first Ctrl-C or SIGTERM stops at a safe point; a second one ends the process, which loses nothing either.
bool StopsSafely()
{
    if (stop.IsCancellationRequested) return false;
    stop.Cancel();
    return true;
}
