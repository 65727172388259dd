using System.Globalization;
using System.Text;
using System.Xml.Linq;
using Ledger.Domain;
using ScottPlot;

namespace Ledger.Host.Reports;

/// <summary>A chart, as text for a page and as an image.</summary>
public sealed class Chart
{
    /// <summary>Verdana descends from the same drawings as DejaVu Sans and is as wide: every letter has its place in the drawing.</summary>
    private const string Family = "DejaVu Sans, Verdana, sans-serif";

    private const int PngScale = 2;

    private readonly Func<Plot> draw;
    private readonly int width, height;

    internal Chart(Func<Plot> draw, int width, int height, string title)
    {
        (this.draw, this.width, this.height, Title) = (draw, width, height, title);
    }

    public string Title { get; }

    /// <summary>
    /// One svg element without declaration, for a file or inside a page, where several fit beside each other. All that is no data has the text colour around it, so that it reads on light and on dark.
    /// </summary>
    public string Svg()
    {
        using var plot = draw();
        plot.FigureBackground.Color = Colors.Transparent;
        var svg = XElement.Parse(plot.GetSvgXml(width, height));
        svg.Attribute(XNamespace.Xmlns + "xlink")?.Remove();
        Rename(svg);
        foreach (var attribute in svg.Descendants().Attributes().ToList())
            switch (attribute.Name.LocalName, attribute.Value)
            {
                case ("fill" or "stroke", "black" or "#010101"): attribute.Value = "currentColor"; break;
                case ("font-family", _): attribute.Value = Family; break;
                case ("x" or "y", var list): attribute.Value = list.TrimEnd(',', ' '); break;       // the drawing library ends lists with a comma
            }
        foreach (var text in svg.Descendants(svg.Name.Namespace + "text")) text.Value = text.Value.Trim();

        svg.SetAttributeValue("viewBox", string.Create(CultureInfo.InvariantCulture, $"0 0 {width} {height}"));
        svg.SetAttributeValue("role", "img");
        svg.SetAttributeValue("fill", "currentColor");
        svg.AddFirst(new XElement(svg.Name.Namespace + "title", Title));
        return svg.ToString(SaveOptions.DisableFormatting);
    }

    /// <summary>On white, for paper and for what shows no SVG; twice as many pixels either way.</summary>
    public byte[] Png()
    {
        using var plot = draw();
        plot.ScaleFactor = PngScale;
        plot.FigureBackground.Color = Colors.White;
        return plot.GetImageBytes(PngScale * width, PngScale * height, ImageFormat.Png);
    }

    /// <summary>The library counts its ids on from drawing to drawing: here they depend on what they name, and on nothing else.</summary>
    private static void Rename(XElement svg)
    {
        foreach (var named in svg.Descendants().Where(e => e.Attribute("id") is not null).ToList())
        {
            var (old, id) = (named.Attribute("id")!, "c" + Digest.Of(Encoding.UTF8.GetBytes(string.Concat(named.Nodes()))).ToString()[..12]);
            foreach (var use in svg.Descendants().Attributes().Where(a => a.Value == $"url(#{old.Value})")) use.Value = $"url(#{id})";
            old.Value = id;
        }
    }
}
