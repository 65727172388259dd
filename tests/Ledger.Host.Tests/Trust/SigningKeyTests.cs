using System.Security.Cryptography;
using Ledger.Domain;
using Ledger.Host.Trust;

namespace Ledger.Host.Tests.Trust;

public sealed class SigningKeyTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("ledger-keys-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_key_is_written_for_its_owner_alone_and_read_again()
    {
        using var key = Written("me.pem");
        File.ReadAllText(At("me.pem")).ShouldStartWith("-----BEGIN PRIVATE KEY-----\n");
        File.ReadAllText(At("me.pem.pub")).ShouldStartWith("-----BEGIN PUBLIC KEY-----\n");
        if (!OperatingSystem.IsWindows()) File.GetUnixFileMode(At("me.pem")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);

        using var signs = SigningKey.ReadPrivate(At("me.pem"));
        using var verifies = SigningKey.ReadPublic(At("me.pem.pub"));
        (signs.Id, verifies.Id).ShouldBe((key.Id, key.Id));
        verifies.Verifies("text"u8, signs.Sign("text"u8)).ShouldBeTrue();
        verifies.Verifies("texT"u8, signs.Sign("text"u8)).ShouldBeFalse();
    }

    [Fact]
    public void Its_id_is_the_digest_of_the_public_key_as_others_write_it()
    {
        using var key = Written("me.pem");
        using var read = ECDsa.Create();
        read.ImportFromPem(File.ReadAllText(At("me.pem.pub")));
        key.Id.ToString().ShouldBe(Convert.ToHexStringLower(SHA256.HashData(read.ExportSubjectPublicKeyInfo())));
    }

    [Theory]
    [InlineData("me.pem")]
    [InlineData("me.pem.pub")]
    public void No_file_is_overwritten_and_no_half_of_a_key_is_left(string there)
    {
        File.WriteAllText(At(there), "mine");
        using var key = SigningKey.New();
        Should.Throw<KeyFileException>(() => key.Write(At("me.pem"), At("me.pem.pub"))).Message.ShouldContain("exists already");
        Directory.GetFiles(folder).ShouldBe([At(there)]);
        File.ReadAllText(At(there)).ShouldBe("mine");
    }

    [Fact]
    public void A_folder_that_is_not_there_is_said()
    {
        using var key = SigningKey.New();
        Should.Throw<KeyFileException>(() => key.Write(At("no/me.pem"), At("no/me.pem.pub"))).Message.ShouldContain("cannot be written");
    }

    [Fact]
    public void The_private_part_is_not_taken_for_the_public_one_nor_the_other_way_round()
    {
        using var key = Written("me.pem");
        Refused(() => SigningKey.ReadPublic(At("me.pem"))).Message.ShouldContain("private key");
        Refused(() => SigningKey.ReadPrivate(At("me.pem.pub"))).Message.ShouldContain("no private key");
    }

    [Fact]
    public void A_key_as_openssl_ecparam_writes_it_signs()
    {
        using var theirs = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        File.WriteAllText(At("sec1.pem"), $"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n{theirs.ExportECPrivateKeyPem()}\n");
        using var read = SigningKey.ReadPrivate(At("sec1.pem"));
        theirs.VerifyData("x"u8, read.Sign("x"u8), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence).ShouldBeTrue();
    }

    public static TheoryData<string> OtherKeys()
    {
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var brainpool = ECDsa.Create(ECCurve.NamedCurves.brainpoolP256r1);
        using var rsa = RSA.Create(2048);
        return new(p384.ExportSubjectPublicKeyInfoPem(), brainpool.ExportSubjectPublicKeyInfoPem(), rsa.ExportSubjectPublicKeyInfoPem(), "", "hello",
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "-----BEGIN PUBLIC KEY-----\n", new string('x', 1 << 17));
    }

    [Theory]
    [MemberData(nameof(OtherKeys))]
    public void What_is_no_P_256_key_is_refused(string pem)
    {
        File.WriteAllText(At("other.pub"), pem);
        Refused(() => SigningKey.ReadPublic(At("other.pub")));
    }

    [Fact]
    public void An_encrypted_key_and_one_that_is_not_there_are_refused_with_the_reason()
    {
        using var theirs = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        File.WriteAllText(At("locked.pem"), theirs.ExportEncryptedPkcs8PrivateKeyPem("secret", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000)));
        Refused(() => SigningKey.ReadPrivate(At("locked.pem"))).Message.ShouldContain("encrypted");
        Refused(() => SigningKey.ReadPrivate(At("nowhere.pem"))).Message.ShouldContain("cannot be read");
        Refused(() => SigningKey.ReadPublic(folder)).Message.ShouldContain("cannot be read");
    }

    private static KeyFileException Refused(Func<SigningKey> read)
    {
        var fault = Should.Throw<KeyFileException>(() => read().Dispose());
        fault.Kind.ShouldBe(FailureKind.BadInput);
        fault.Remedy.ShouldNotBeNullOrEmpty();
        return fault;
    }

    private SigningKey Written(string name)
    {
        var key = SigningKey.New();
        key.Write(At(name), At(name + ".pub"));
        return key;
    }

    private string At(string name) => Path.Combine(folder, name);
}
