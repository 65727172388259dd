using Ledger.Host.Cli;

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    // The first Ctrl-C stops at a safe point; a second one ends the process, which loses nothing either.
    if (stop.IsCancellationRequested) return;
    pressed.Cancel = true;
    stop.Cancel();
};
return await LedgerCli.RunAsync(args, Console.Out, Console.Error, TimeProvider.System, stop.Token);
