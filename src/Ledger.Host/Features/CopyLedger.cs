using Ledger.Domain;
using Ledger.Domain.Events;
using Ledger.Domain.Ports;
using Ledger.Host.Sessions;
using Ledger.Host.Stores;
using Ledger.Host.Stores.EventStoreDb;
using Ledger.Host.Trust;
using MediatR;

namespace Ledger.Host.Features;

/// <summary>
/// Copies a ledger, as far as it goes at the beginning, to another file or a server, event by event in the order of writing: same numbers, same bytes, same hashes. What the target has already is
/// compared, not written again, so that a copy that was stopped or killed goes on, and an old copy is brought up to date.
/// </summary>
public static class CopyLedger
{
    /// <param name="Name">The new file's name, or that of a copy made before.</param>
    /// <param name="Server">Where the copy's events go; null for the file itself, or for what a copy made before says.</param>
    public sealed record Request(LedgerPaths Ledger, string Folder, string Name, ServerAddress? Server, IProgress<Step>? Progress) : IRequest<Result>;

    /// <param name="Events">How many the copy has.</param>
    /// <param name="Copied">How many of them this run wrote.</param>
    /// <param name="Keys">Whether C was copied, too.</param>
    public sealed record Result(LedgerPaths Paths, string Where, long Events, long Copied, int Streams, bool Keys);

    public readonly record struct Step(long Done, long Total);

    public sealed class Handler(LedgerSessions sessions, Func<LedgerPaths, IKeyStatisticsStore> stores, TimeProvider time) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            var to = LedgerPaths.Named(request.Folder, request.Name);
            if (to.File == request.Ledger.File) throw new SetupException("A ledger is not copied onto itself.", "choose another name");
            if (Path.Exists(to.File) && request.Server is not null) throw new SetupException($"{to.File} exists already.", "leave --server out to go on with a copy made before, or choose another name");

            await using var source = await sessions.OpenAsync(request.Ledger, token);
            var ledger = source.Setup.Base.Ledger;
            if (source.Store is EventStoreDbStore from && request.Server?.Nodes.Intersect(from.Server.Nodes).Any() == true)
                throw new SetupException($"{request.Server} is where {ledger} lies.", $"make a second file for it:  ledger connect {request.Name} --server ADDRESS --id {ledger}");

            // Under another name until it is whole: half a ledger is not to be mistaken for one.
            var unfinished = to.File + ".copying";
            var inFile = request.Server is null && !Path.Exists(to.File);
            using var alone = inFile ? Alone(unfinished) : null;
            if (inFile && Path.Exists(to.File)) throw new SetupException($"{to.File} was made meanwhile.", "give the command again, and it takes over what is new");
            IEventStore target = request.Server is { } server ? await EventStoreDbStore.OpenAsync(server, ledger, time, token)
                : inFile ? await SqliteEventStore.OpenAsync(unfinished, File.Exists(unfinished) ? OpenMode.Open : OpenMode.Create, time, token)
                : await sessions.StoreAsync(to, token);
            var where = target is EventStoreDbStore on ? on.Server.ToString() : inFile ? unfinished : to.File;
            Result result;
            await using (target)
            {
                if (target.Ledger is { } other && other != ledger) throw new CopyTargetException(to.File, $"it is ledger {other}'s, on a server");
                if (source.Store is EventStoreDbStore && target is EventStoreDbStore && await FirstAsync(source.Store, token) is { } one && (await FirstAsync(target, token))?.Position == one.Position)
                    throw new SetupException($"{where} is where {ledger} lies.", $"make a second file for it:  ledger connect {request.Name} --server ADDRESS --id {ledger}");
                // What is damaged is not spread, and what was copied is looked at again.
                var original = await ChainWalk.CheckAsync(source.Store, token);
                var copied = await CopyAsync(source.Store, original.Events, target, where, request.Progress, token);
                var copy = await ChainWalk.CheckAsync(target, token);
                foreach (var head in copy.Heads)
                    if (original.HashOf(head.Stream, head.Size - 1) != head.Head) throw new CopyTargetException(where, $"{head.Stream} ends there with another event {head.Size - 1}");
                var statistics = source.Setup.Statistics;
                var keys = statistics is not null && stores(request.Ledger).Has(statistics);
                if (keys) stores(to).Take(stores(request.Ledger), statistics!);
                result = new Result(to, where, copy.Events, copied, copy.Heads.Count, keys);
            }
            if (request.Server is { } at) to.Point(new LedgerPointer(at.Text, ledger));
            else if (inFile) to.Take(unfinished);
            return result;
        }

        private static async Task<RecordedEvent?> FirstAsync(IEventStore store, CancellationToken token) => await store.ReadAllAsync(StorePosition.Start, token).FirstOrDefaultAsync(token);

        /// <summary>Two copies that fill one file would take it from each other; whoever is killed lets go of it.</summary>
        private static FileStream Alone(string unfinished)
        {
            try
            {
                return new FileStream(unfinished + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
            }
            catch (IOException e)
            {
                throw new SetupException($"{unfinished} is not free: {e.Message}", "wait until the other copy to it has ended, and give the command again");
            }
        }

        private static async Task<long> CopyAsync(IEventStore source, long events, IEventStore target, string where, IProgress<Step>? progress, CancellationToken token)
        {
            var (done, copied) = (0L, 0L);
            await using var there = target.ReadAllAsync(StorePosition.Start, token).GetAsyncEnumerator(token);
            var has = await there.MoveNextAsync();
            await foreach (var e in source.ReadAllAsync(StorePosition.Start, token))
            {
                if (done == events) break;
                if (has)
                {
                    var h = there.Current;
                    if ((h.Stream, h.Number, h.Id, h.Hash) != (e.Stream, e.Number, e.Id, e.Hash)) throw new CopyTargetException(where, $"event {h.Number} of {h.Stream} stands where event {e.Number} of {e.Stream} should");
                    has = await there.MoveNextAsync();
                }
                else
                {
                    await target.AppendAsync(e.Stream, new ExpectedRevision(e.Number - 1), new NewEvent(e.Id, e.Type, e.Metadata, e.Data, e.Previous, e.Hash), token);
                    copied++;
                }
                progress?.Report(new Step(++done, events));
            }
            return has ? throw new CopyTargetException(where, $"it goes on with event {there.Current.Number} of {there.Current.Stream}, which the original has not") : copied;
        }
    }
}

/// <summary>The target holds something else than the beginning of the original.</summary>
/// <param name="where">A file or a server.</param>
public sealed class CopyTargetException(string where, string how)
    : LedgerException($"What lies at {where} is no copy of this ledger: {how}.", "copy it elsewhere; a copy that was edited since is a ledger of its own")
{
    public override FailureKind Kind => FailureKind.BadInput;
}
