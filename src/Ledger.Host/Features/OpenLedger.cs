using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.Domain.Ports;
using Ledger.Host.Sessions;
using Ledger.Host.Stores;
using Ledger.Host.Stores.EventStoreDb;
using Ledger.Projections.Replay;
using MediatR;

namespace Ledger.Host.Features;

/// <summary>Opens a ledger over a checkpoint, in a file of its own or on a server. The file, or what says where the server's is, appears under its name only when it is complete.</summary>
public static class OpenLedgerFeature
{
    /// <param name="Folder">Where the file goes.</param>
    /// <param name="Templates">Given templates, or null to draw them from the command's seed.</param>
    /// <param name="Keys">C that is known already, and where it lies; or null, to be measured later.</param>
    /// <param name="Server">Where the events go; null for the file itself.</param>
    public sealed record Request(OpenLedger Command, string Folder, ContextTemplates? Templates, GatePolicy Policy, KnownKeys? Keys = null, ServerAddress? Server = null) : IRequest<Result>, ICarriesCommand
    {
        object ICarriesCommand.Command => Command;
    }

    public sealed record KnownKeys(IKeyStatisticsStore From, KeyStatistics Statistics);

    public sealed record Result(LedgerPaths Paths, LedgerSetup Setup);

    public sealed class Handler(IModelLibrary library, Func<LedgerPaths, IKeyStatisticsStore> stores, TimeProvider time) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            var command = request.Command;
            var paths = LedgerPaths.New(request.Folder, command.Name);
            if (!Directory.Exists(request.Folder)) throw new SetupException($"There is no folder {request.Folder}.", "make it first");

            var matrix = library.Address(command.ModelPath, command.Layer ?? library.DefaultLayer(command.ModelPath));
            var checkpoint = library.Describe(command.ModelPath, token);
            using var editor = library.Load(command.ModelPath, matrix, token);
            Probes.Check(editor, request.Policy, token);
            var templates = request.Templates ?? editor.DrawTemplates(command.Seed);

            var (id, unfinished) = (NewIds.Ledger(), $"{paths.File}.{Guid.NewGuid():N}.opening");      // its own: another process may open the same name
            try
            {
                IEventStore store = request.Server is { } server
                    ? await EventStoreDbStore.OpenAsync(server, id, time, token)
                    : await SqliteEventStore.OpenAsync(unfinished, OpenMode.Create, time, token);
                LedgerSetup setup;
                await using (var session = await LedgerSession.ReadAsync(paths, store, time, token))
                {
                    var by = CommandContext.For(command.Author);
                    var foundAt = Path.GetFullPath(command.ModelPath);
                    await session.AppendAsync(session.Setup.Open(id, command.Name, checkpoint, foundAt, matrix, WeightFingerprint.Of(editor.BaseMatrix.Span), command.Hyperparameters), by, token);
                    await session.AppendAsync(session.Setup.Draw(templates), by, token);
                    await session.AppendAsync(session.Setup.Set(request.Policy), by, token);
                    await session.AppendAsync(session.Setup.Start(NewIds.Timeline(), LedgerSetup.Main, null, "the ledger's own timeline", TimelineOrigin.Opened), by, token);
                    if (request.Keys is { } keys)
                    {
                        stores(paths).Take(keys.From, keys.Statistics);
                        await session.AppendAsync(session.Setup.Record(keys.Statistics), by, token);
                    }
                    setup = session.Setup;
                }
                if (request.Server is { } at) paths.Point(new LedgerPointer(at.Text, id));
                else paths.Take(unfinished);
                return new Result(paths, setup);
            }
            catch
            {
                SqliteEventStore.Delete(unfinished);        // an opening that failed is nobody's ledger
                throw;
            }
        }
    }
}
