using System.Buffers.Binary;
using System.Xml.Linq;
using Ledger.Host.Reports;

namespace Ledger.Host.Tests.Reports;

/// <summary>Charts say what they were given, in well-formed SVG that takes nothing from elsewhere, and say it again in the same bytes.</summary>
public sealed class ChartsTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    private static readonly ChartSeries Rome = new("main (rome)", [.. Enumerable.Range(1, 30).Select(i => new ChartPoint(i, 2e-5 * (1 + i % 3)))]) { Stopped = [new(7, 3e-3), new(19, 9e-4)] };

    private static readonly ChartSeries RRome = new("main-r (r-rome)", [.. Enumerable.Range(1, 30).Select(i => new ChartPoint(i, 3e-5 * (1 + i % 2)))]);

    public static TheoryData<string, Func<Chart>> All => new()
    {
        { "log", () => Charts.OverRevisions("|Δ| of each edit", new ChartAxis("|Δ|", Log: true), [Rome, RRome], new ChartLevel("outlier bound", 4e-4)) },
        { "linear", () => Charts.OverRevisions("Distance", new ChartAxis("‖Wₙ − W₀‖ / (d_v·d_k)"), [Rome, RRome]) },
        { "scatter", () => Charts.Scatter("In both", new ChartAxis("in main", Log: true), new ChartAxis("in main-r"), [RRome]) },
        { "nothing", () => Charts.OverRevisions("Nothing yet", new ChartAxis("|Δ|", Log: true), []) },
        { "one point", () => Charts.OverRevisions("One", new ChartAxis("perplexity"), [new("main", [new(0, 94)])], new ChartLevel("base", 94)) },
        { "many", () => Charts.OverRevisions("Many", new ChartAxis("distance"), [new("main", [.. Enumerable.Range(0, 5000).Select(i => new ChartPoint(i, Math.Sqrt(i)))])]) },
        { "odd text", () => Charts.OverRevisions(Odd, new ChartAxis(Odd), [new(Odd, [new(1, 1)])], new ChartLevel(Odd, 2)) },
    };

    private const string Odd = "<script>alert(1)</script> & \"q\" 'q' \u202Eשלום\u0001\ud800 ]]> \n\t&#x41;";

    [Theory, MemberData(nameof(All))]
    public void The_drawing_is_well_formed_scales_and_refers_to_nothing_outside_itself(string what, Func<Chart> chart)
    {
        var svg = XElement.Parse(chart().Svg());
        svg.Name.ShouldBe(Svg + "svg", what);
        svg.Attribute("viewBox")!.Value.ShouldBe("0 0 900 420");
        svg.Elements(Svg + "title").Single().Value.ShouldBe(chart().Title);
        SelfContained.Check(svg);
        svg.DescendantsAndSelf().Attributes().ShouldAllBe(a => a.Value != "black" && a.Value != "white" && !a.Value.EndsWith(", "));
    }

    [Theory, InlineData(1.52, 1.56, "1.53"), InlineData(94.1, 94.4, "94.2"), InlineData(9.9, 10.2, "10.1"), InlineData(1.1e-7, 1.3e-7, "1.2e-7")]
    public void A_narrow_range_on_a_log_axis_has_its_numbers_too(double low, double high, string tick)
    {
        var svg = XElement.Parse(Charts.OverRevisions("narrow", new ChartAxis("perplexity", Log: true), [new("main", [new(0, low), new(6, high)])]).Svg());
        svg.Descendants(Svg + "text").Select(t => t.Value).ShouldContain(tick);
    }

    [Theory, MemberData(nameof(All))]
    public void The_same_data_give_the_same_bytes_whatever_was_drawn_before(string what, Func<Chart> chart)
    {
        var (svg, png) = (chart().Svg(), chart().Png());
        Charts.OverRevisions("other", new ChartAxis("y"), [Rome]).Svg();
        chart().Svg().ShouldBe(svg, what);
        chart().Png().ShouldBe(png, what);
    }

    [Theory, MemberData(nameof(All))]
    public void The_image_is_a_PNG_of_twice_the_size_with_something_on_it(string what, Func<Chart> chart)
    {
        var png = chart().Png();
        png[..8].ShouldBe(new byte[] { 0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10 }, what);
        BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)).ShouldBe(1800);
        BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(20)).ShouldBe(840);
        using var image = SkiaSharp.SKBitmap.Decode(png);
        image.GetPixel(0, 0).ShouldBe(SkiaSharp.SKColors.White);
        image.Pixels.Distinct().Count().ShouldBeGreaterThan(10, what);
    }

    [Fact]
    public void Title_axes_legend_level_and_decades_stand_there_as_text()
    {
        var texts = Texts(All.Single(c => c.Data.Item1 == "log").Data.Item2());
        foreach (var expected in new[] { "|Δ| of each edit", "revision", "|Δ| (log)", "main (rome)", "main (rome), stopped", "main-r (r-rome)", "outlier bound, 4e-4", "1e-4", "1e-3" }) texts.ShouldContain(expected);
    }

    [Fact]
    public void Every_point_is_drawn_and_a_stopped_edit_is_not_joined_to_the_line()
    {
        var svg = XElement.Parse(Charts.OverRevisions("x", new ChartAxis("y", Log: true), [Rome]).Svg());
        svg.Descendants(Svg + "ellipse").Count().ShouldBe(30 + 1);         // and the legend's
        var line = svg.Descendants(Svg + "path").Single(p => p.Attribute("stroke")?.Value == "#0072B2" && p.Attribute("d")!.Value.Count(c => c == 'L') == 29);
        line.Attribute("fill")!.Value.ShouldBe("none");
    }

    [Fact]
    public void What_has_no_place_on_the_chart_is_counted_and_not_drawn()
    {
        var series = new ChartSeries("main", [new(1, 1e-5), new(2, 0), new(3, double.NaN), new(4, 2e-5), new(5, double.PositiveInfinity)]);
        Texts(Charts.OverRevisions("x", new ChartAxis("y", Log: true), [series])).ShouldContain("revision (3 not shown: not finite, or not above 0 on a log axis)");
        Texts(Charts.OverRevisions("x", new ChartAxis("y"), [series])).ShouldContain("revision (2 not shown: not finite, or not above 0 on a log axis)");
        Texts(Charts.OverRevisions("x", new ChartAxis("y"), [])).ShouldContain("revision (no values)");
    }

    [Fact]
    public void Odd_text_is_text()
    {
        var chart = All.Single(c => c.Data.Item1 == "odd text").Data.Item2();
        chart.Title.ShouldBe("<script>alert(1)</script> & \"q\" 'q' \u202Eשלום\uFFFD\uFFFD ]]>   &#x41;");
        XElement.Parse(chart.Svg()).Descendants().Select(e => e.Name.LocalName).Distinct().Order().ShouldBe(["clipPath", "ellipse", "g", "path", "rect", "text", "title"], ignoreOrder: true);
    }

    [Theory]
    [InlineData(0, "0"), InlineData(94.0850606913771, "94.0851"), InlineData(0.1, "0.1"), InlineData(2e-5, "2e-5"), InlineData(-3.25e-7, "-3.25e-7"), InlineData(12345, "12345"), InlineData(1e6, "1e6")]
    public void A_number_at_a_tick_is_short(double value, string text) => Scale.Number(value).ShouldBe(text);

    private static string[] Texts(Chart chart) => [.. XElement.Parse(chart.Svg()).Descendants(Svg + "text").Select(t => t.Value)];
}
