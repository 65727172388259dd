using System.Xml;
using System.Xml.Linq;
using CsCheck;
using Ledger.Host.Reports;

namespace Ledger.Host.Tests.Reports;

/// <summary>A page is one file that needs nothing else, and every text in it is text.</summary>
public sealed class HtmlPageTests
{
    private static readonly string[] Hostile =
    [
        "<script>alert(1)</script>", "</td></table><img src=x onerror=alert(1)>", "&lt;b&gt; &amp; &#60;", "\"quoted\" 'quoted' `back`", "--><!-- ]]>", "</style></title></svg>", "{{7*7}} ${x}",
        "שלום עולם", "\u202Ereversed\u202C", "naïve — 北京 🎉", "javascript:alert(1)", "https://example.org/?a=1&b=2",
    ];

    [Fact]
    public void Every_text_comes_back_as_the_text_it_was_wherever_it_stands()
    {
        foreach (var text in Hostile)
        {
            var page = Read(Page(text));
            page.Descendants("title").Single(t => t.Parent!.Name == "head").Value.ShouldBe(text);
            page.Descendants("h1").Single().Value.ShouldBe(text);
            page.Descendants("h2").Single().Value.ShouldBe(text);
            page.Descendants("p").Single().Value.ShouldBe(text + "\n" + text);
            page.Descendants("caption").Single().Value.ShouldBe(text);
            page.Descendants("th").Select(t => t.Value).ShouldBe([text, "|Δ|"]);
            page.Descendants("td").Select(t => t.Value).ShouldBe([text, "2.2e-5"]);
            page.Descendants("figcaption").Single().Value.ShouldBe(text);
            SelfContained.Check(page);
        }
    }

    [Fact]
    public void Any_text_at_all_leaves_the_page_whole() => Gen.String.Array[4].Sample(texts =>
    {
        var page = new HtmlPage(texts[0]).Paragraph(texts[1]).Table(texts[2], [new("a")], [[texts[3]], [texts[1]]]).ToString();
        var read = Read(page);
        if (read.Descendants("td").Select(t => t.Value).First() != Kept(texts[3])) throw new InvalidOperationException(texts[3]);
        SelfContained.Check(read);

        // Line ends are read back as one kind.
        static string Kept(string text) => string.Concat(text.EnumerateRunes().Select(r =>
            r.IsBmp && (char.IsControl((char)r.Value) && r.Value is not ('\n' or '\t') || !XmlConvert.IsXmlChar((char)r.Value)) ? "\uFFFD" : r.ToString()));
    }, iter: 2000);

    [Fact]
    public void Control_characters_and_halves_of_pairs_are_shown_as_such()
    {
        Read(new HtmlPage("x").Paragraph("a\0b\u0007c\u001bd\ud800e\uFFFFf\u0085g").ToString()).Descendants("p").Single().Value.ShouldBe("a\uFFFDb\uFFFDc\uFFFDd\uFFFDe\uFFFDf\uFFFDg");
    }

    [Fact]
    public void A_text_that_runs_from_the_right_keeps_that_to_itself() =>
        Read(Page("שלום")).Descendants().Where(e => e.Name.LocalName is "h1" or "h2" or "p" or "td" or "th" or "caption" or "figcaption").ShouldAllBe(e => e.Attribute("dir")!.Value == "auto");

    [Fact]
    public void Nothing_is_loaded_and_nothing_runs_and_both_schemes_and_print_are_seen_to()
    {
        var page = Read(Page("a"));
        page.Descendants("meta").Single(m => m.Attribute("http-equiv") is not null).Attribute("content")!.Value.ShouldBe("default-src 'none'; style-src 'unsafe-inline'");
        page.Descendants("style").Single().Value.ShouldSatisfyAllConditions(css => css.ShouldContain("color-scheme: light dark"), css => css.ShouldContain("@media print"));
        page.Descendants("script").ShouldBeEmpty();
    }

    [Fact]
    public void Two_drawings_of_different_charts_share_no_id_that_means_another_thing()
    {
        var (one, other) = (Chart(3), Chart(5));
        var page = Read(new HtmlPage("x").Figure(one, "one").Figure(other, "other").ToString());
        var named = page.Descendants().Where(e => e.Attribute("id") is not null).Select(e => (Id: e.Attribute("id")!.Value, Is: string.Concat(e.Nodes()))).ToArray();
        named.ShouldNotBeEmpty();
        named.GroupBy(n => n.Id).ShouldAllBe(g => g.Select(n => n.Is).Distinct().Count() == 1);
    }

    [Fact]
    public void The_same_report_is_the_same_bytes() => Page("a").ShouldBe(Page("a"));

    [Fact]
    public void A_row_that_does_not_fit_its_table_is_refused() =>
        Should.Throw<ArgumentException>(() => new HtmlPage("x").Table("", [new("a"), new("b")], [["1"]])).Message.ShouldContain("1 cells under 2 columns");

    private static Chart Chart(int points) => Charts.OverRevisions("chart", new ChartAxis("y"), [new("main", [.. Enumerable.Range(0, points).Select(i => new ChartPoint(i, i * i))])]);

    private static string Page(string text) => new HtmlPage(text).Heading(text).Paragraph(text + "\n" + text)
        .Table(text, [new(text), new("|Δ|", IsNumber: true)], [[text, "2.2e-5"]]).Figure(Chart(3), text).ToString();

    /// <summary>The page is well-formed XML, so that no reading of half-closed elements is needed to know what is text.</summary>
    private static XElement Read(string page)
    {
        page.ShouldStartWith("<!DOCTYPE html>\n");
        using var reader = XmlReader.Create(new StringReader(page), new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore, XmlResolver = null });
        return XElement.Load(reader);
    }
}
