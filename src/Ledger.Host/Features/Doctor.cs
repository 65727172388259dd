using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Ledger.Domain;
using Ledger.Domain.Ports;
using Ledger.Host.Sessions;
using MediatR;

namespace Ledger.Host.Features;

/// <summary>What is installed, whether it works, and how to get what is missing. Each part is tried, not looked up.</summary>
public static class Doctor
{
    public sealed record Request : IRequest<Result>;

    public sealed record Result(IReadOnlyList<Check> Checks)
    {
        public bool Works => Checks.All(c => c.Works != false);
    }

    /// <param name="Works">Null for what is only told.</param>
    /// <param name="Remedy">How to get it, where it is missing.</param>
    public sealed record Check(string What, bool? Works, string Found, string? Remedy);

    public sealed class Handler(IModelLibrary library) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            var checks = new List<Check>
            {
                new("ledger", null, $"{LedgerSession.Program["ledger ".Length..]} on {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}, {RuntimeInformation.OSArchitecture}", null),
                new("processors", null, $"{Environment.ProcessorCount}, vectors of {(Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128)} bits for the exact fold", null),
                new("memory", null, $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1 << 30):0.0} GiB; a model takes four bytes a parameter, and up to half as much again while it is edited", null),
            };
            await TryAsync(checks, "engine", "build ledger again; a system older than Debian 12 or Ubuntu 22.04 is too old", () =>
            {
                var engine = library.Check();
                checks.Add(engine.Gpu
                    ? new("gpu", null, "there is one: set LEDGER_DEVICE=cuda:0", null)
                    : new("gpu", null, "none in this build or machine", "dotnet build -p:TorchBackend=cuda, on a machine with a GPU that reaches the full package registry"));
                return Task.FromResult($"{engine.Engine}, {engine.Threads} threads");
            });
            await TryAsync(checks, "store", "a folder that can be written to", async () =>
            {
                var path = Path.Combine(Directory.GetCurrentDirectory(), $".doctor-{Guid.NewGuid():N}");
                try
                {
                    await using (await Stores.SqliteEventStore.OpenAsync(path, Stores.OpenMode.Create, TimeProvider.System, token)) { }
                    return $"SQLite {new Microsoft.Data.Sqlite.SqliteConnection().ServerVersion}, this folder can be written to";
                }
                finally
                {
                    Stores.SqliteEventStore.Delete(path);
                }
            });
            await TryAsync(checks, "built-in", "build ledger again", () =>
            {
                var (atlas, keys) = (library.Describe(BuiltIn.Model, token), BuiltIn.Keys);
                if (!keys.From.Has(keys.Statistics)) throw new SetupException($"C of the built-in model is not in {keys.From.Folder}.", "build ledger again");
                return Task.FromResult($"{atlas.Name}, {atlas.Parameters:N0} parameters, layer {BuiltIn.Setup.Layer}, {atlas.Digest.Short()}: {BuiltIn.Model}, facts to edit: {BuiltIn.Records}");
            });
            if (Environment.GetEnvironmentVariable("LEDGER_MODEL") is { Length: > 0 } model)
                await TryAsync(checks, "model", "name a model folder with LEDGER_MODEL or --model", () =>
                {
                    var described = library.Describe(model, token);
                    return Task.FromResult($"{described.Name}, {described.Family}, {described.Layers} layers, {described.Parameters:N0} parameters");
                });
            else checks.Add(new("model", null, "none named", "set LEDGER_MODEL, or give --model: a GPT-2, GPT-J, GPT-NeoX or Llama-family folder as it comes from the hub"));
            return new Result(checks);
        }

        private static async Task TryAsync(List<Check> checks, string what, string remedy, Func<Task<string>> run)
        {
            try
            {
                checks.Add(new Check(what, true, await run(), null));
            }
            catch (LedgerException e)
            {
                checks.Add(new Check(what, false, e.Message, e.Remedy ?? remedy));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or DllNotFoundException or NotSupportedException or TypeInitializationException)
            {
                checks.Add(new Check(what, false, e.Message.Split('\n')[0], remedy));
            }
        }
    }
}
