using System.Text;
using Ledger.Domain;
using Ledger.Engine.Statistics;
using Ledger.Engine.Tests.Support;
using Ledger.TestKit;

namespace Ledger.Engine.Tests.Statistics;

/// <summary>Folders, gzip, JSON Lines and Parquet; plain text is <see cref="CorpusTests"/>'.</summary>
public sealed class CorpusKindsTests : IDisposable
{
    private static readonly string?[] Rows = ["a", null, "", " b ", "two\nlines", "é𝕏", .. Enumerable.Range(0, 200).Select(i => $"row {i}")];

    private static readonly string[] Texts = [.. Rows.Where(r => !string.IsNullOrWhiteSpace(r)).Select(r => r!)];

    private readonly TemporaryFolder folder = new();

    public static TheoryData<string> Kinds => ["x.txt.gz", "x.jsonl", "x.jsonl.gz", "x.parquet", "X.JSONL"];

    [Theory, MemberData(nameof(Kinds))]
    public void Every_row_is_a_document_and_reading_can_be_taken_up_after_any(string name)
    {
        var texts = name.Contains("txt") ? Texts.SelectMany(t => t.Split('\n')).ToArray() : Texts;
        var corpus = Of(Write(name));
        var all = corpus.From(0, 0).ToArray();
        all.Select(d => d.Text).ShouldBe(texts);
        for (var i = 0; i < all.Length; i += 7) corpus.From(all[i].File, all[i].Next).Select(d => (d.Text, d.Next)).ShouldBe(all[(i + 1)..].Select(d => (d.Text, d.Next)));
        corpus.BytesBefore(all[^1]).ShouldBe(corpus.Bytes);
        corpus.Digest.ShouldBe(Digest.Of(File.ReadAllBytes(folder.File(name))));
    }

    [Fact]
    public void A_folder_is_its_text_in_ordinal_order_of_the_path_and_nothing_else()
    {
        foreach (var name in new[] { "b.txt", "B.txt", "a/z.txt", "a.txt", "a/é.jsonl", "README.md", "LICENSE", "data.json", ".hidden.txt", ".git/x.txt" })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder.File("in/" + name))!);
            folder.Write("in/" + name, name.EndsWith("jsonl") ? Corpora.JsonLines([name]) : name);
        }
        folder.Write("in/a/c.txt.gz", Corpora.Gzip("a/c.txt.gz"));
        Directory.CreateSymbolicLink(folder.File("in/a/circle"), folder.File("in"));
        File.CreateSymbolicLink(folder.File("in/linked.txt"), folder.Write("elsewhere", "linked.txt"));
        var corpus = Of(folder.File("in"));
        corpus.Names.ShouldBe(["B.txt", "a.txt", "a/c.txt.gz", "a/z.txt", "a/é.jsonl", "b.txt", "linked.txt"]);
        corpus.From(0, 0).Select(d => d.Text).ShouldBe(corpus.Names);
        corpus.Digest.ShouldBe(Of([.. corpus.Names.Select(n => folder.File("in/" + n))]).Digest);
    }

    [Fact]
    public void A_byte_order_mark_is_no_text_in_gzip_and_JSON_Lines_either()
    {
        Lines("x.txt.gz", Corpora.Gzip("\ufeffa\nb")).ShouldBe(["a", "b"]);
        Lines("x.jsonl", Encoding.UTF8.GetBytes("\ufeff{\"text\":\"a\"}")).ShouldBe(["a"]);
    }

    [Fact]
    public void Gzip_of_several_members_is_one_text() => Lines("x.txt.gz", [.. Corpora.Gzip("a\nb"), .. Corpora.Gzip("c\n")]).ShouldBe(["a", "bc"]);

    [Fact]
    public void A_long_row_is_cut_where_a_long_line_is()
    {
        var text = string.Concat(Enumerable.Repeat("aé𝕏", 100));
        for (var longest = 1; longest < 30; longest++)
        {
            var line = new Corpus([folder.Write("x.txt", text)], "text", longest).From(0, 0).SingleOrDefault().Text;
            new Corpus([folder.Write("x.jsonl", Corpora.JsonLines([text]))], "text", longest).From(0, 0).SingleOrDefault().Text.ShouldBe(line);
            new Corpus([ParquetFiles.Write(folder.File("x.parquet"), [text])], "text", longest).From(0, 0).SingleOrDefault().Text.ShouldBe(line);
        }
    }

    [Fact]
    public void Another_column_can_hold_the_text()
    {
        new Corpus([folder.Write("x.jsonl", Corpora.JsonLines(["a"], "body"))], "body", 100).From(0, 0).Select(d => d.Text).ShouldBe(["a"]);
        new Corpus([ParquetFiles.Write(folder.File("x.parquet"), ["a"], "body")], "body", 100).From(0, 0).Select(d => d.Text).ShouldBe(["a"]);
    }

    public static TheoryData<string, string, string> BadLines => new()
    {
        { "no JSON", "nonsense", "line 2, is not JSON" },
        { "cut off", "{\"text\":\"a", "line 2, is not JSON" },
        { "another field", "{\"body\":\"a\",\"id\":1}", "line 2, has no \"text\"" },
        { "a number", "{\"text\":5}", "line 2, has a Number for \"text\"" },
        { "an object", "{\"text\":{}}", "line 2, has a Object for \"text\"" },
        { "an array", "[1,2]", "line 2, is a JSON Array" },
        { "two texts", "{\"text\":\"a\",\"text\":\"b\"}", "line 2, is not JSON" },
        { "half a pair", "{\"text\":\"\\ud800\"}", "line 2, is not JSON" },
    };

    [Theory, MemberData(nameof(BadLines))]
    public void A_line_that_has_no_text_where_it_should_is_named(string what, string line, string says)
    {
        var good = Corpora.JsonLines(["good"]);
        Refused("x.jsonl", Encoding.UTF8.GetBytes(good + line + "\n" + good), says, what);
        Refused("x.jsonl.gz", Corpora.Gzip(good + line + "\n" + good), says, what);
    }

    [Fact]
    public void Bytes_that_are_not_UTF8_are_refused_in_JSON() => Refused("x.jsonl", [.. "{\"text\":\""u8, 0xff, .. "\"}"u8], "line 1, is not JSON");

    [Theory]
    [InlineData("cut", "is damaged")]
    [InlineData("without its checksum", "cannot be read")]
    [InlineData("changed", "is damaged")]
    [InlineData("no gzip", "is damaged, or no gzip")]
    [InlineData("a second part cut", "is damaged")]
    public void A_damaged_gzip_is_refused(string how, string says)
    {
        var whole = Corpora.Gzip(TinyText.Of(500));
        Refused("x.txt.gz", how switch
        {
            "cut" => whole[..(whole.Length / 2)],
            "without its checksum" => whole[..^8],
            "changed" => [.. whole[..1000], 255, 255, 255, .. whole[1003..]],
            "no gzip" => "plain text"u8.ToArray(),
            _ => [.. whole, .. whole[..(whole.Length / 2)]],
        }, says);
    }

    [Fact]
    public void Any_damage_to_a_gzip_or_Parquet_ends_in_a_refusal_or_in_text()
    {
        var random = new Random(4);
        var (gzip, parquet) = (Corpora.Gzip(TinyText.Of(200)), File.ReadAllBytes(ParquetFiles.Write(folder.File("p.parquet"), TinyText.Of(100).Split('\n'))));
        var refused = 0;
        for (var i = 0; i < 400; i++)
        {
            var (name, bytes) = i % 2 == 0 ? ("x.txt.gz", (byte[])gzip.Clone()) : ("x.parquet", (byte[])parquet.Clone());
            for (var n = random.Next(1, 4); n > 0; n--) bytes[i % 4 < 2 ? random.Next(bytes.Length) : bytes.Length - 1 - random.Next(300)] = (byte)random.Next(256);
            if (random.Next(4) == 0) bytes = bytes[..random.Next(bytes.Length)];
            try
            {
                _ = Of(folder.Write(name, bytes)).From(0, 0).Count();
            }
            catch (CorpusException e)
            {
                e.Message.ShouldContain(folder.File(name));
                refused++;
            }
        }
        refused.ShouldBeGreaterThan(100);
    }

    [Fact]
    public void A_damaged_Parquet_is_refused()
    {
        var whole = File.ReadAllBytes(ParquetFiles.Write(folder.File("whole.parquet"), Rows));
        Refused("x.parquet", whole[..^100], "is damaged, or no Parquet");
        Refused("x.parquet", [], "is damaged, or no Parquet");
        Refused("x.parquet", "no parquet at all"u8.ToArray(), "is damaged, or no Parquet");
        for (var i = 4; i < whole.Length / 2; i++) whole[i] = 0xff;
        Refused("x.parquet", whole, "is damaged, or no Parquet");
    }

    [Fact]
    public void A_Parquet_column_that_is_not_there_or_not_text_is_named_before_anything_is_read()
    {
        var path = ParquetFiles.Write(folder.File("x.parquet"), ["a"], "body");
        var refusal = Should.Throw<CorpusException>(() => new Corpus([path], "text", 100));
        refusal.Message.ShouldContain("has no column \"text\"");
        refusal.Remedy.ShouldNotBeNull().ShouldContain("there are: id, body, tags");
        Should.Throw<CorpusException>(() => new Corpus([path], "id", 100)).Message.ShouldContain("is Int32");
        Should.Throw<CorpusException>(() => new Corpus([path], "tags.list.item", 100)).Message.ShouldContain("not one text a row");
    }

    [Fact]
    public void A_zero_byte_is_in_no_text()
    {
        Refused("x.txt", Encoding.Unicode.GetBytes("UTF-16"), "is no UTF-8 text: it has a zero byte at 1");
        Refused("x.txt", [.. Encoding.UTF8.GetBytes(new string('a', 100_000)), 0], "a zero byte at 100000");
        Refused("x.txt.gz", Corpora.Gzip("a\0b"), "is no UTF-8 text");
        Refused("x.jsonl", "{\"text\":\"a\"}\n\0"u8.ToArray(), "is no UTF-8 text");
    }

    [Fact]
    public void What_a_name_says_is_no_text_is_refused()
    {
        Refused("x.npz", [1], "holds arrays");
        Refused("x.parquet.gz", [1], "Parquet within gzip");
    }

    [Fact]
    public void Of_a_line_without_an_end_only_the_beginning_is_in_memory()
    {
        using (var file = File.Create(folder.File("x.txt")))
            for (var i = 0; i < 200; i++) file.Write(Encoding.UTF8.GetBytes(new string('a', 1 << 20)));
        var before = GC.GetAllocatedBytesForCurrentThread();
        Of(folder.File("x.txt")).From(0, 0).Single().Text.ShouldBe(new string('a', 1000));
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(1 << 20);

        File.Move(folder.File("x.txt"), folder.File("x.jsonl"));
        Should.Throw<CorpusException>(() => Of(folder.File("x.jsonl")).From(0, 0).Count()).Message.ShouldContain("line 1, is longer than 67,108,864 bytes");
    }

    [Fact]
    public void A_folder_without_text_a_file_named_twice_and_no_name_are_refused()
    {
        folder.Write("README.md", "no text");
        Should.Throw<CorpusException>(() => Of(folder.Path)).Message.ShouldContain("There is no text below");
        var path = folder.Write("x.txt", "a");
        Should.Throw<CorpusException>(() => Of(path, path)).Message.ShouldContain("is named twice");
        Should.Throw<CorpusException>(() => Of(folder.Path, path)).Message.ShouldContain("is named twice");
        Should.Throw<CorpusException>(() => Of("")).Message.ShouldContain("without a name");
    }

    [Fact]
    public void A_file_that_changes_while_it_is_read_is_refused()
    {
        var path = folder.Write("x.txt", "a\nb");
        var corpus = Of(path);
        corpus.From(0, 0).Count().ShouldBe(2);
        File.AppendAllText(path, "\nc");
        Should.Throw<CorpusException>(corpus.RequireUnchanged).Message.ShouldContain("changed while it was measured");
        Should.Throw<CorpusException>(() => corpus.From(0, 0).Count()).Message.ShouldContain("changed while it was measured");
    }

    public void Dispose() => folder.Dispose();

    private static Corpus Of(params string[] paths) => new(paths, "text", longest: 1000);

    private string[] Lines(string name, byte[] bytes) => [.. Of(folder.Write(name, bytes)).From(0, 0).Select(d => d.Text)];

    private void Refused(string name, byte[] bytes, string says, string? what = null) =>
        Should.Throw<CorpusException>(() => Lines(name, bytes), what).Message.ShouldContain(says, Case.Sensitive, what);

    private string Write(string name) => name.ToLowerInvariant() switch
    {
        "x.txt.gz" => folder.Write(name, Corpora.Gzip(string.Join('\n', Rows))),
        "x.jsonl" => folder.Write(name, Corpora.JsonLines(Rows) + "\n \n"),
        "x.jsonl.gz" => folder.Write(name, Corpora.Gzip(Corpora.JsonLines(Rows))),
        _ => ParquetFiles.Write(folder.File(name), Rows),
    };
}
