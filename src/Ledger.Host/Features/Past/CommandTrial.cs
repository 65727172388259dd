using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Ledger.Domain;
using Ledger.Host.Sessions;
using Ledger.Projections.Timelines;

namespace Ledger.Host.Features.Past;

/// <summary>
/// A program of somebody's that judges the weights: 0 good, 1 to 127 bad, 125 cannot tell, 128 and above stop the search, as <c>git bisect run</c> has it. It gets the rebuilt matrix as a
/// file, which is gone when it ends, and where it came from, in environment variables; no shell is involved.
/// </summary>
internal sealed class CommandTrial(MatrixBench matrices, IReadOnlyList<string> words, Action<string> output) : StateTrial
{
    private const int CannotTell = 125, Stop = 128;

    private readonly string folder = Directory.CreateTempSubdirectory("ledger-bisect-").FullName;

    public override string Says => $"{string.Join(' ', words)} ends with exit code 0";

    public override async Task<Sight> LookAsync(TimelineHistory history, CancellationToken token)
    {
        var (w, fingerprint) = matrices.Rebuild(history, token);
        var file = Path.Combine(folder, "matrix.safetensors");
        matrices.Write(file, w, history, fingerprint);
        try
        {
            var revision = history.Timeline.Revision.ToString(CultureInfo.InvariantCulture);
            var code = await RunAsync(new() { ["LEDGER_MATRIX"] = file, ["LEDGER_REVISION"] = revision, ["LEDGER_TIMELINE"] = history.Name, ["LEDGER_FINGERPRINT"] = fingerprint.ToString() }, token);
            if (code is < 0 or >= Stop) throw new TrialStoppedException(words[0], code, $"{history.Name}@{revision}");
            return new Sight(code == CannotTell ? null : code == 0, $"exit code {code}", fingerprint);
        }
        finally
        {
            File.Delete(file);
        }
    }

    public override void Dispose() => Directory.Delete(folder, recursive: true);

    private async Task<int> RunAsync(Dictionary<string, string> environment, CancellationToken token)
    {
        var start = new ProcessStartInfo(words[0], words.Skip(1)) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var process = new Process { StartInfo = start };
        process.OutputDataReceived += Told;
        process.ErrorDataReceived += Told;
        try
        {
            process.Start();
        }
        catch (Win32Exception e)
        {
            throw new SetupException($"{words[0]} cannot be run: {e.Message}", "name a program that can, and its arguments, behind --run --");
        }
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await process.WaitForExitAsync(token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
        return process.ExitCode;

        void Told(object sender, DataReceivedEventArgs line)
        {
            if (line.Data is { } text) lock (process) output(text);
        }
    }
}

/// <summary>The program that judges said that it must not go on.</summary>
public sealed class TrialStoppedException(string program, int exitCode, string revision)
    : LedgerException($"{program} ended with exit code {exitCode} at {revision}: the search stops.", "0 is good, 1 to 127 bad, 125 cannot tell; 128 and above, as of a program that was killed, stop the search")
{
    public int ExitCode { get; } = exitCode;
    public override FailureKind Kind => FailureKind.Failed;
}
