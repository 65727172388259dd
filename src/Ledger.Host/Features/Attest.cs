using Ledger.Domain;
using Ledger.Host.Sessions;
using Ledger.Host.Trust;
using MediatR;

namespace Ledger.Host.Features;

/// <summary>Signs how far every stream of a ledger goes, after its chains were found sound.</summary>
public static class Attest
{
    /// <param name="Key">The private key's file.</param>
    /// <param name="Out">Where the envelope goes, or null to give it back only.</param>
    public sealed record Request(LedgerPaths Ledger, string Key, string? Out) : IRequest<Result>;

    /// <param name="Envelope">One line of JSON.</param>
    public sealed record Result(Attestation Attestation, string Envelope);

    public sealed class Handler(LedgerSessions sessions, TimeProvider time) : IRequestHandler<Request, Result>
    {
        public async Task<Result> Handle(Request request, CancellationToken token)
        {
            using var key = SigningKey.ReadPrivate(request.Key);
            if (Path.Exists(request.Out)) throw Exists(request.Out);

            await using var store = await sessions.StoreAsync(request.Ledger, token);
            var walk = await ChainWalk.CheckAsync(store, token);
            await using var session = await sessions.OpenAsync(request.Ledger, token);
            var opened = session.Setup.Base;
            var attestation = new Attestation(opened.Ledger, opened.Name, opened.Base.Digest, [.. walk.Heads], time.GetUtcNow(), LedgerSession.Program, key.Id);
            var envelope = attestation.Sign(key);
            if (request.Out is { } file) await WriteAsync(file, envelope, token);
            return new Result(attestation, envelope);
        }

        /// <summary>Under its name only when it is whole.</summary>
        private static async Task WriteAsync(string file, string envelope, CancellationToken token)
        {
            var unfinished = $"{file}.{Guid.NewGuid():N}.part";
            try
            {
                await File.WriteAllTextAsync(unfinished, envelope + "\n", token);
                File.Move(unfinished, file, overwrite: false);
            }
            catch (IOException) when (Path.Exists(file))
            {
                throw Exists(file);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
            {
                throw new SetupException($"{file} cannot be written: {e.Message}", "name a file in a folder that exists and can be written to");
            }
            finally
            {
                if (File.Exists(unfinished)) File.Delete(unfinished);
            }
        }

        private static SetupException Exists(string file) => new($"{file} exists already, and an older attestation is a proof of its own.", "choose another name");
    }
}
