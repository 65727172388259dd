using System.Security.Cryptography;
using System.Text;
using Ledger.Domain;

namespace Ledger.Host.Trust;

/// <summary>An ECDSA P-256 key in PEM: the private one as PKCS#8, the public one as SubjectPublicKeyInfo, as openssl and others write and read them.</summary>
public sealed class SigningKey : IDisposable
{
    private const string P256 = "1.2.840.10045.3.1.7", Example = "make one:  ledger key new --out FILE";

    private const int MaxBytes = 1 << 16;

    private readonly ECDsa key;

    private SigningKey(ECDsa key)
    {
        this.key = key;
        Id = Digest.Of(key.ExportSubjectPublicKeyInfo());
    }

    /// <summary>SHA-256 of the public key's SubjectPublicKeyInfo, DER.</summary>
    public Digest Id { get; }

    /// <summary>A fresh key, from the system's randomness.</summary>
    public static SigningKey New() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <exception cref="KeyFileException">Not there, or no private P-256 key.</exception>
    public static SigningKey ReadPrivate(string path)
    {
        var pem = Pem(path);
        if (pem.Contains("-----BEGIN ENCRYPTED", StringComparison.Ordinal)) throw new KeyFileException($"The key in {path} is encrypted, and ledger asks for no passwords.", $"decrypt it first:  openssl pkcs8 -in {path} -out FILE");
        if (!HoldsPrivate(pem)) throw new KeyFileException($"{path} holds no private key, and only that signs.", Example);
        return Import(pem, path);
    }

    /// <exception cref="KeyFileException">Not there, or no public P-256 key.</exception>
    public static SigningKey ReadPublic(string path)
    {
        var pem = Pem(path);
        if (HoldsPrivate(pem)) throw new KeyFileException($"{path} holds a private key; whoever verifies needs the public one only.", "it lies beside the private one as FILE.pub");
        return Import(pem, path);
    }

    /// <summary>Writes both parts, the private one readable by its owner alone. Nothing is overwritten, and never one part without the other.</summary>
    /// <exception cref="KeyFileException">One of the files exists, or cannot be written.</exception>
    public void Write(string privateFile, string publicFile)
    {
        foreach (var file in new[] { privateFile, publicFile })
            if (Path.Exists(file)) throw new KeyFileException($"{file} exists already, and a key that is lost cannot be made again.", "choose another name");
        try
        {
            Write(privateFile, key.ExportPkcs8PrivateKeyPem(), UnixFileMode.UserRead | UnixFileMode.UserWrite);
            try
            {
                Write(publicFile, key.ExportSubjectPublicKeyInfoPem(), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
            }
            catch
            {
                File.Delete(privateFile);
                throw;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KeyFileException($"The key cannot be written: {e.Message}", "name a file in a folder that exists and can be written to");
        }
    }

    /// <returns>ECDSA over SHA-256, DER.</returns>
    public byte[] Sign(ReadOnlySpan<byte> data) => key.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

    public bool Verifies(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature) => key.VerifyData(data, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

    public void Dispose() => key.Dispose();

    private static bool HoldsPrivate(string pem) => pem.Contains("PRIVATE KEY-----", StringComparison.Ordinal);

    private static string Pem(string path) => Encoding.UTF8.GetString(SmallFile.Read(path, MaxBytes, problem => new KeyFileException(problem, Example)));

    private static SigningKey Import(string pem, string path)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(pem);
            if (key.ExportParameters(includePrivateParameters: false).Curve.Oid.Value == P256) return new SigningKey(key);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
        }
        key.Dispose();
        throw new KeyFileException($"{path} is not an ECDSA P-256 key in PEM.", Example);
    }

    private static void Write(string file, string pem, UnixFileMode mode)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = mode;
        using var stream = new FileStream(file, options);
        try
        {
            stream.Write(Encoding.ASCII.GetBytes(pem + "\n"));
            stream.Flush(flushToDisk: true);
        }
        catch
        {
            File.Delete(file);
            throw;
        }
    }
}
