using System.Security.Cryptography;
using System.Text;
using Ledger.Domain;
using Ledger.Engine.Statistics;
using Ledger.Engine.Tests.Support;

namespace Ledger.Engine.Tests.Statistics;

public sealed class CorpusTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Fact]
    public void One_line_is_one_document_and_only_its_end_is_taken_off() =>
        Lines("a\n b \r\n\tc\rd\n").ShouldBe(["a", " b ", "\tc\rd"]);

    [Fact]
    public void Lines_without_text_are_left_out() => Lines("\n \n\r\n\u00a0\u3000\na\n\n\nb").ShouldBe(["a", "b"]);

    [Fact]
    public void The_last_line_needs_no_end() => Lines("a\nb").ShouldBe(Lines("a\nb\n"));

    [Fact]
    public void A_byte_order_mark_at_a_files_beginning_is_no_text()
    {
        Lines("\ufeffa\n\ufeffb").ShouldBe(["a", "\ufeffb"]);
        Lines("\ufeff").ShouldBeEmpty();
        Lines("a").ShouldBe(["a"]);        // shorter than a mark
    }

    [Fact]
    public void Bytes_that_are_not_UTF8_become_the_replacement_character_and_end_nothing() =>
        Of(folder.Write("w.txt", [(byte)'a', 0xff, (byte)'b', (byte)'\n', 0xc3, (byte)'\n', (byte)'c'])).From(0, 0).Select(d => d.Text).ShouldBe(["a\ufffdb", "\ufffd", "c"]);

    [Fact]
    public void Several_files_are_read_in_order_each_with_its_own_last_line()
    {
        var corpus = Of(folder.Write("1", "a\nb"), folder.Write("0", ""), folder.Write("2", "\ufeffc\nd\n"));
        corpus.From(0, 0).Select(d => (d.Text, d.File)).ShouldBe([("a", 0), ("b", 0), ("c", 2), ("d", 2)]);
        corpus.Bytes.ShouldBe(3 + 0 + 7);
        corpus.BytesBefore(corpus.From(2, 0).First()).ShouldBe(3 + 5);
    }

    [Fact]
    public void Reading_can_be_taken_up_after_any_document()
    {
        var corpus = Of(folder.Write("1", "a\r\n\nb é\nc"), folder.Write("2", "\ufeffd\n\ne\n"));
        var all = corpus.From(0, 0).ToArray();
        for (var i = 0; i < all.Length; i++) corpus.From(all[i].File, all[i].Next).ShouldBe(all[(i + 1)..]);
    }

    [Fact]
    public void Of_a_line_too_long_the_beginning_is_looked_at_without_the_character_it_is_cut_in()
    {
        Lines("abcdefgh\nx", longest: 5).ShouldBe(["abcde", "x"]);
        Lines("abcdé\nx", longest: 5).ShouldBe(["abcd", "x"]);
        Lines("ab𝕏\nx", longest: 5).ShouldBe(["ab", "x"]);
        Lines("abcéfgh\nx", longest: 5).ShouldBe(["abcé", "x"]);
    }

    [Fact]
    public void A_line_that_just_fits_is_whole()
    {
        Lines("abcé\nx", longest: 5).ShouldBe(["abcé", "x"]);
        Lines("abcé\r\nx", longest: 5).ShouldBe(["abcé", "x"]);
        Lines("a𝕏", longest: 5).ShouldBe(["a𝕏"]);
    }

    [Fact]
    public void The_digest_is_the_files_and_of_several_that_of_their_digests_in_order()
    {
        string a = folder.Write("a", "a\n"), b = folder.Write("b", "b\n");
        Of(a).Digest.ShouldBe(Digest.Of("a\n"u8));
        Of(a, b).Digest.ShouldBe(Digest.Of([.. SHA256.HashData("a\n"u8), .. SHA256.HashData("b\n"u8)]));
        Of(b, a).Digest.ShouldNotBe(Of(a, b).Digest);
    }

    [Fact]
    public void A_file_that_is_not_there_is_named()
    {
        var refusal = Should.Throw<CorpusException>(() => Of(folder.Write("a", "a"), folder.File("absent")));
        refusal.Message.ShouldContain(folder.File("absent") + " cannot be read");
        refusal.Remedy.ShouldNotBeNull().ShouldContain("UTF-8 text files");
    }

    public void Dispose() => folder.Dispose();

    private static Corpus Of(params string[] paths) => new(paths, "text", longest: 1000);

    private string[] Lines(string text, int longest = 1000) => [.. new Corpus([folder.Write("text", Encoding.UTF8.GetBytes(text))], "text", longest).From(0, 0).Select(d => d.Text)];
}
