using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;

namespace Ledger.Host.Reports;

/// <param name="Name">The column's head.</param>
/// <param name="IsNumber">Numbers stand flush right, their digits under each other.</param>
public sealed record HtmlColumn(string Name, bool IsNumber = false);

/// <summary>
/// A report as one file that needs nothing else: no script, no other address, light and dark as the reader has it, fit for print. Every text that is put in is text, whatever stands in it. It is
/// well-formed XML too.
/// </summary>
public sealed class HtmlPage
{
    /// <summary>Letters of every script stay readable in the source; what means something to a browser is encoded.</summary>
    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);

    /// <summary>Canvas and CanvasText are the reader's own paper and ink.</summary>
    private const string Style = """
        :root { color-scheme: light dark; --faint: color-mix(in srgb, CanvasText 20%, Canvas); }
        body { font: 15px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; background: Canvas; color: CanvasText; }
        h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; }
        p, td { white-space: pre-wrap; overflow-wrap: anywhere; }
        td:not(.n) { min-width: 9ch; }
        table { border-collapse: collapse; font-size: .9rem; margin: 1rem 0; }
        caption, figcaption { text-align: start; font-size: .9rem; opacity: .8; padding: .3rem 0; }
        th, td { padding: .25rem .75rem .25rem 0; text-align: start; vertical-align: top; border-bottom: 1px solid var(--faint); }
        .n { text-align: end; font-variant-numeric: tabular-nums; white-space: nowrap; }
        figure { margin: 1.5rem 0; } svg { max-width: 100%; height: auto; }
        @media print { :root { color-scheme: light; } body { margin: 0; max-width: none; font-size: 10pt; } thead { display: table-header-group; } tr, figure { break-inside: avoid; } h2 { break-after: avoid; } }
        """;

    private readonly StringBuilder body = new();
    private readonly string title;

    public HtmlPage(string title)
    {
        this.title = PlainText.OneLine(title);
        Element("h1", this.title);
    }

    /// <summary>Begins a section.</summary>
    public HtmlPage Heading(string text) => Element("h2", PlainText.OneLine(text));

    /// <summary>Line ends in it stay.</summary>
    public HtmlPage Paragraph(string text) => Element("p", text);

    /// <param name="caption">What the table shows; empty for none.</param>
    /// <exception cref="ArgumentException">A row has not as many cells as there are columns.</exception>
    public HtmlPage Table(string caption, IReadOnlyList<HtmlColumn> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        body.Append("<table>\n");
        if (caption.Length > 0) Element("caption", caption);
        body.Append("<thead><tr>");
        foreach (var column in columns) Cell("th", column, column.Name);
        body.Append("</tr></thead>\n<tbody>\n");
        foreach (var row in rows)
        {
            if (row.Count != columns.Count) throw new ArgumentException($"A row of {row.Count} cells under {columns.Count} columns.", nameof(rows));
            body.Append("<tr>");
            for (var i = 0; i < row.Count; i++) Cell("td", columns[i], row[i]);
            body.Append("</tr>\n");
        }
        body.Append("</tbody></table>\n");
        return this;
    }

    public HtmlPage Figure(Chart chart, string caption)
    {
        body.Append("<figure>").Append(chart.Svg()).Append('\n');
        Element("figcaption", caption);
        body.Append("</figure>\n");
        return this;
    }

    /// <summary>The whole page. The policy in its head has a browser load nothing, even if a text should ever get where it is more than text.</summary>
    public override string ToString() =>
        $"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{Encode(title)}</title>
        <style>
        {Style}
        </style>
        </head>
        <body>
        {body}</body>
        </html>

        """;

    /// <summary>A text's own direction is its own: letters that run from the right, or signs that turn others round, end with the element.</summary>
    private HtmlPage Element(string name, string text)
    {
        body.Append('<').Append(name).Append(" dir=\"auto\">").Append(Encode(text)).Append("</").Append(name).Append(">\n");
        return this;
    }

    private void Cell(string name, HtmlColumn column, string text) =>
        body.Append('<').Append(name).Append(column.IsNumber ? " class=\"n\"" : "").Append(" dir=\"auto\">").Append(Encode(text)).Append("</").Append(name).Append('>');

    private static string Encode(string text) => Encoder.Encode(PlainText.Of(text));
}
