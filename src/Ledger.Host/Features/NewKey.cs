using Ledger.Domain;
using Ledger.Host.Trust;
using MediatR;

namespace Ledger.Host.Features;

/// <summary>A key to sign attestations with.</summary>
public static class NewKey
{
    /// <param name="Out">The private key's file; the public one goes beside it.</param>
    public sealed record Request(string Out) : IRequest<Result>;

    /// <param name="Key">Its id: SHA-256 of the public key's SubjectPublicKeyInfo.</param>
    public sealed record Result(string Private, string Public, Digest Key);

    public sealed class Handler : IRequestHandler<Request, Result>
    {
        public Task<Result> Handle(Request request, CancellationToken token)
        {
            if (string.IsNullOrWhiteSpace(request.Out)) throw new SetupException("No file is named.", "name one for the private key with --out");
            using var key = SigningKey.New();
            var (privateFile, publicFile) = (Path.GetFullPath(request.Out), Path.GetFullPath(request.Out) + ".pub");
            key.Write(privateFile, publicFile);
            return Task.FromResult(new Result(privateFile, publicFile, key.Id));
        }
    }
}
