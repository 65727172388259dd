using System.Globalization;
using ScottPlot;

namespace Ledger.Host.Reports;

/// <summary>A value at a place.</summary>
public readonly record struct ChartPoint(double X, double Y)
{
    internal bool On(ChartAxis x, ChartAxis y) => x.Has(X) && y.Has(Y);
}

/// <param name="Label">What it is and its unit.</param>
/// <param name="Log">Decades; what is not above 0 has no place on it.</param>
public sealed record ChartAxis(string Label, bool Log = false)
{
    /// <summary>Values that have a place on it in any case: charts that are to be compared have the same ones.</summary>
    public IReadOnlyList<double> Covers { get; init; } = [];

    internal bool Has(double value) => double.IsFinite(value) && (!Log || value > 0);

    internal double Place(double value) => Log ? Math.Log10(value) : value;
}

/// <param name="Name">As the legend shows it.</param>
/// <param name="Points">In order.</param>
public sealed record ChartSeries(string Name, IReadOnlyList<ChartPoint> Points)
{
    /// <summary>Edits that were stopped: hollow triangles, joined to nothing.</summary>
    public IReadOnlyList<ChartPoint> Stopped { get; init; } = [];
}

/// <summary>A level across the chart: a bound of the gate, what the base has.</summary>
public sealed record ChartLevel(string Name, double Value);

/// <summary>
/// Charts of a report, drawn by ScottPlot: text in a font that comes along, colours that the colour-blind can tell apart (Okabe and Ito's) and with each colour another marker, so that
/// a print in grey can be read too. The same data give the same bytes.
/// </summary>
public static class Charts
{
    private const int Width = 900, Height = 420, ManyPoints = 400, LongestName = 26;
    private const float Line = 1.6f, Marker = 6;

    private static readonly Color[] Palette = [.. new[] { "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9" }.Select(Color.FromHex)];

    private static readonly MarkerShape[] Markers = [MarkerShape.FilledCircle, MarkerShape.FilledSquare, MarkerShape.FilledDiamond, MarkerShape.FilledTriangleDown, MarkerShape.OpenCircle];

    /// <summary>Named lines over the revisions of their timelines.</summary>
    /// <param name="level">A line across, or null.</param>
    public static Chart OverRevisions(string title, ChartAxis y, IReadOnlyList<ChartSeries> series, ChartLevel? level = null) => Lines(title, new ChartAxis("revision"), y, series, level);

    /// <summary>Named lines over whole numbers.</summary>
    /// <param name="level">A line across, or null.</param>
    public static Chart Lines(string title, ChartAxis x, ChartAxis y, IReadOnlyList<ChartSeries> series, ChartLevel? level = null) =>
        new(() => Draw(title, x, y, series, level, joined: true), Width, Height, PlainText.OneLine(title));

    /// <summary>Points, joined to nothing.</summary>
    public static Chart Scatter(string title, ChartAxis x, ChartAxis y, IReadOnlyList<ChartSeries> series) =>
        new(() => Draw(title, x, y, series, level: null, joined: false), Width, Height, PlainText.OneLine(title));

    private static Plot Draw(string title, ChartAxis x, ChartAxis y, IReadOnlyList<ChartSeries> series, ChartLevel? level, bool joined)
    {
        ReportFont.Use();
        var plot = new Plot();
        plot.Title(PlainText.OneLine(title), 15);
        plot.YLabel(AxisLabel(y), 13);
        var across = level is not null && y.Has(level.Value) ? level : null;
        if (across is not null)
            plot.Add.HorizontalLine(y.Place(across.Value), Line, Colors.Black, LinePattern.Dashed).LegendText = Short($"{across.Name}, {Scale.Number(across.Value)}");
        for (var i = 0; i < series.Count; i++) Add(plot, series[i], x, y, joined, i);

        var all = series.SelectMany(s => s.Points.Concat(s.Stopped)).ToArray();
        var shown = all.Where(p => p.On(x, y)).ToArray();
        Scale.Set(plot.Axes.Bottom, x, [.. shown.Select(p => p.X), .. x.Covers.Where(x.Has)], whole: joined);
        Scale.Set(plot.Axes.Left, y, [.. shown.Select(p => p.Y), .. across is null ? [] : new[] { across.Value }, .. y.Covers.Where(y.Has)], whole: false);
        plot.XLabel(AxisLabel(x) + LeftOut(all.Length - shown.Length, shown.Length), 13);
        Dress(plot);
        Legend(plot);
        return plot;
    }

    private static void Add(Plot plot, ChartSeries series, ChartAxis x, ChartAxis y, bool joined, int index)
    {
        var (colour, shape) = (Palette[index % Palette.Length], Markers[index % Markers.Length]);
        if (Places(series.Points) is { Xs.Length: > 0 } points)
        {
            var line = plot.Add.Scatter(points.Xs, points.Ys, colour);
            line.LegendText = Short(series.Name);
            line.LineWidth = joined ? Line : 0;
            line.MarkerShape = shape;
            line.MarkerSize = joined && points.Xs.Length > ManyPoints ? 0 : Marker;
        }
        if (Places(series.Stopped) is { Xs.Length: > 0 } stopped)
        {
            var marks = plot.Add.ScatterPoints(stopped.Xs, stopped.Ys, colour);
            marks.LegendText = $"{Short(series.Name)}, stopped";
            marks.MarkerShape = MarkerShape.OpenTriangleUp;
            marks.MarkerSize = 1.6f * Marker;
            marks.MarkerLineWidth = Line;
        }

        (double[] Xs, double[] Ys) Places(IReadOnlyList<ChartPoint> of)
        {
            var found = of.Where(p => p.On(x, y)).ToArray();
            return ([.. found.Select(p => x.Place(p.X))], [.. found.Select(p => y.Place(p.Y))]);
        }
    }

    /// <summary>Black stands for the reader's own text colour, see <see cref="Chart.Svg"/>.</summary>
    private static void Dress(Plot plot)
    {
        plot.Font.Set(ReportFont.Name);
        plot.Axes.Title.Label.Bold = plot.Axes.Bottom.Label.Bold = plot.Axes.Left.Label.Bold = false;
        plot.Axes.Color(Colors.Black);
        plot.Axes.Frame(false);
        plot.Axes.Right.MinimumSize = 16;
        plot.Grid.MajorLineColor = Colors.Black.WithAlpha(.12);
        plot.DataBackground.Color = Colors.Transparent;
    }

    private static void Legend(Plot plot)
    {
        if (plot.Legend.GetItems().Length == 0) return;     // an empty one has no size, and takes the drawing with it
        plot.ShowLegend(Edge.Right);
        plot.Legend.FontName = ReportFont.Name;
        plot.Legend.FontSize = 13;
        plot.Legend.FontColor = Colors.Black;
        plot.Legend.BackgroundColor = plot.Legend.OutlineColor = plot.Legend.ShadowColor = Colors.Transparent;
    }

    private static string AxisLabel(ChartAxis axis) => PlainText.OneLine(axis.Label) + (axis.Log ? " (log)" : "");

    /// <summary>A chart that shows less than it was given says so.</summary>
    private static string LeftOut(int count, int shown) => (count, shown) switch
    {
        (0, 0) => " (no values)",
        (0, _) => "",
        _ => $" ({count.ToString("N0", CultureInfo.InvariantCulture)} not shown: not finite, or not above 0 on a log axis)",
    };

    /// <summary>For the legend, which is not to push the data away.</summary>
    private static string Short(string name)
    {
        var (plain, text) = (PlainText.OneLine(name), new StringInfo(PlainText.OneLine(name)));
        return text.LengthInTextElements <= LongestName ? plain : text.SubstringByTextElements(0, LongestName - 1) + "…";
    }
}
