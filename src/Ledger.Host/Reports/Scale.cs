using System.Globalization;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace Ledger.Host.Reports;

/// <summary>From where to where an axis goes, and what stands at its ticks.</summary>
internal static class Scale
{
    private const double Margin = 0.04;
    private const int MostDecades = 8;
    private const double NarrowRange = 0.6;

    /// <param name="values">What is shown; none of them out of the axis' reach.</param>
    /// <param name="whole">Only whole numbers stand at ticks.</param>
    public static void Set(IAxis axis, ChartAxis of, IReadOnlyList<double> values, bool whole)
    {
        var (low, high) = values.Count == 0 ? (of.Place(1), of.Place(10)) : (of.Place(values.Min()), of.Place(values.Max()));
        var margin = high > low ? Margin * (high - low) : of.Log ? 0.3 : low == 0 ? 1 : Math.Abs(low) / 10;
        axis.Range.Set(low - margin, high + margin);
        if (!of.Log) axis.MinorTickStyle.Length = 0;
        axis.TickGenerator = of.Log ? Decades(low - margin, high + margin) : new NumericAutomatic { IntegerTicksOnly = whole, LabelFormatter = Number };
    }

    /// <summary>0.01, 12.5, 2e-5: as short as it is exact to four figures.</summary>
    public static string Number(double value) => Math.Abs(value) is 0 or >= 1e-2 and < 1e5
        ? Math.Round(value, 6).ToString("0.####", CultureInfo.InvariantCulture)
        : value.ToString("0.###e-0", CultureInfo.InvariantCulture);

    /// <summary>Powers of ten with 2 … 9 times them between; where there are few, 2 and 5 times them are labelled too, in less than one all, and where there are many, only some.</summary>
    private static NumericManual Decades(double low, double high)
    {
        var (ticks, labels) = (new NumericManual(), 0);
        var (first, last) = ((int)Math.Floor(low), (int)Math.Ceiling(high));
        var step = 1 + (last - first) / MostDecades;
        for (var decade = first; decade <= last; decade++)
            for (var times = 1; times <= 9; times++)
            {
                var place = decade + Math.Log10(times);
                if (place < low || place > high) continue;
                var labelled = times == 1 ? decade % step == 0 : (times is 2 or 5 && high - low < 2) || high - low < NarrowRange;
                if (labelled) labels++;
                if (labelled) ticks.AddMajor(place, Number(times * Math.Pow(10, decade)));
                else if (step == 1 || times == 1) ticks.AddMinor(place);
            }
        return labels < 2 ? Even(low, high) : ticks;
    }

    /// <summary>Where no two of those fall into the range: about four numbers, as far from each other as round numbers go.</summary>
    private static NumericManual Even(double low, double high)
    {
        var (from, to) = (Math.Pow(10, low), Math.Pow(10, high));
        var size = Math.Pow(10, Math.Floor(Math.Log10((to - from) / 4)));
        var step = size * new[] { 1, 2, 5, 10 }.First(times => times * size >= (to - from) / 5);
        var ticks = new NumericManual();
        for (var i = (long)Math.Ceiling(from / step); i * step <= to; i++) ticks.AddMajor(Math.Log10(i * step), Number(i * step));
        return ticks;
    }
}
