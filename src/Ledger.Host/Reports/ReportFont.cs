using ScottPlot;
using SkiaSharp;

namespace Ledger.Host.Reports;

/// <summary>DejaVu Sans 2.37, as published: a server may have no font at all, and a chart without text would say nothing and nobody would be told.</summary>
internal sealed class ReportFont : IFontResolver
{
    /// <summary>Not the family's own: one that is installed could be another version, with other widths.</summary>
    public const string Name = "ledger-report";

    private readonly SKTypeface typeface;

    private ReportFont()
    {
        using var stream = typeof(ReportFont).Assembly.GetManifestResourceStream("Ledger.Host.Reports.DejaVuSans.ttf")!;
        typeface = SKTypeface.FromStream(stream);
    }

    /// <summary>Makes it known to the plotting library, once a process.</summary>
    public static void Use() => _ = Known.Value;

    private static readonly Lazy<bool> Known = new(() =>
    {
        Fonts.FontResolvers.Insert(0, new ReportFont());
        return true;
    });

    public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) => fontName == Name ? typeface : null;

    public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) => fontName == Name ? typeface : null;
}
