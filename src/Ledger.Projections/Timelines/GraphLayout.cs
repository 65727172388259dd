namespace Ledger.Projections.Timelines;

/// <summary>A point to draw: a revision of a timeline.</summary>
/// <param name="Timeline">Which line it lies on; 0 is the one that keeps the first column.</param>
/// <param name="Parent">The point it goes on from, by its place in the list; null for the first of all. Where that lies on another line, this is a fork.</param>
/// <param name="Source">The point it merged from; null where it did not.</param>
public readonly record struct GraphNode(int Timeline, int? Parent, int? Source = null);

/// <summary>A line of text.</summary>
/// <param name="Lines">The columns; without spaces at the end.</param>
/// <param name="Node">The point that stands in it; null where lines only cross over.</param>
public readonly record struct GraphRow(string Lines, int? Node);

/// <summary>
/// Lines side by side, the newest point on top, as git draws them. Each timeline keeps one column from its newest point down to where it left its parent; then the column is free
/// for an older one.
/// </summary>
public static class GraphLayout
{
    /// <param name="nodes">Newest first: a point's parent and source stand after it.</param>
    /// <param name="count">How many to draw; lines of what comes after are left open.</param>
    public static IEnumerable<GraphRow> Draw(IReadOnlyList<GraphNode> nodes, int count)
    {
        var columns = new Columns();
        for (var n = 0; n < Math.Min(count, nodes.Count); n++)
        {
            var (node, own) = (nodes[n], columns.For(n, nodes[n].Timeline));
            foreach (var fork in columns.Waiting(n).Where(c => c != own).OrderDescending().ToList())
            {
                columns.Free(fork);
                yield return new GraphRow(columns.Crossing(fork, own), null);
                columns.Set(own, node.Timeline, n);
            }
            yield return new GraphRow(columns.With(own, '*'), n);
            if (node.Parent is { } parent) columns.Set(own, node.Timeline, parent);
            else columns.Free(own);
            if (node.Source is not { } source) continue;
            // The line that the source stands on may not be drawn yet: it begins here then.
            var from = columns.For(source, nodes[source].Timeline);
            var crossing = columns.Crossing(own, from);
            columns.Set(from, nodes[source].Timeline, source);
            yield return new GraphRow(crossing, null);
        }
    }

    /// <summary>Which timeline each column belongs to now, and the point it leads down to.</summary>
    private sealed class Columns
    {
        private readonly List<(int Timeline, int Next)?> columns = [];

        /// <summary>The column in which a point stands: its timeline's, else one that leads to it, else a free one.</summary>
        public int For(int node, int timeline)
        {
            var own = columns.FindIndex(c => c == (timeline, node));
            if (own >= 0) return own;
            if (timeline == 0 && (columns.Count == 0 || columns[0] is null)) return 0;
            var leading = columns.FindIndex(c => c?.Next == node);
            if (leading >= 0) return leading;
            var free = columns.FindIndex(Math.Min(1, columns.Count), c => c is null);
            return free >= 0 ? free : Math.Max(1, columns.Count);
        }

        public IEnumerable<int> Waiting(int node) => Enumerable.Range(0, columns.Count).Where(c => columns[c]?.Next == node);

        public void Set(int column, int timeline, int next)
        {
            while (columns.Count <= column) columns.Add(null);
            columns[column] = (timeline, next);
        }

        public void Free(int column)
        {
            if (column < columns.Count) columns[column] = null;
        }

        public string With(int column, char sign)
        {
            var text = Text(column);
            text[2 * column] = sign;
            return new string(text).TrimEnd();
        }

        /// <summary>A line from a column down to another; it passes under what lies between.</summary>
        public string Crossing(int from, int to)
        {
            var text = Text(Math.Max(from, to));
            var (first, last) = (2 * Math.Min(from, to) + 1, 2 * Math.Max(from, to) - 1);
            for (var i = first; i <= last; i++)
                if (text[i] == ' ') text[i] = '_';
            if (to < from) text[last] = '/';
            else text[first] = '\\';
            return new string(text).TrimEnd();
        }

        private char[] Text(int column)
        {
            var text = Enumerable.Repeat(' ', 2 * Math.Max(columns.Count, column + 1)).ToArray();
            for (var c = 0; c < columns.Count; c++)
                if (columns[c] is not null) text[2 * c] = '|';
            return text;
        }
    }
}
