using CsCheck;
using Ledger.Projections.Timelines;

namespace Ledger.Projections.Tests.Timelines;

/// <summary>Drawings as they should be. Points are written newest first: a timeline's letter and a number, then &gt; its parent and + what it merged, where these are not the next older on its line.</summary>
public sealed class GraphLayoutTests
{
    [Fact]
    public void One_timeline_is_one_line() => Drawn("a3 a2 a1").ShouldBe(
        """
        * a3
        * a2
        * a1
        """);

    [Fact]
    public void A_branch_has_a_column_of_its_own_down_to_where_it_left() => Drawn("a4 b2 a3 b1>a2 a2 a1").ShouldBe(
        """
        * a4
        | * b2
        * | a3
        | * b1
        |/
        * a2
        * a1
        """);

    [Fact]
    public void The_first_timeline_keeps_the_first_column_also_where_others_are_newer() => Drawn("b2 b1>a1 a1").ShouldBe(
        """
          * b2
          * b1
         /
        * a1
        """);

    [Fact]
    public void A_branch_of_a_branch_ends_where_the_branch_goes_on() => Drawn("c1>b1 b2 a2 b1>a1 a1").ShouldBe(
        """
          * c1
          | * b2
        * | | a2
        |  \|
        |   * b1
        |__/
        * a1
        """);

    [Fact]
    public void Several_branches_from_one_revision_come_together_one_below_the_other() => Drawn("a2 b1>a1 c1>a1 d1>a1 a1").ShouldBe(
        """
        * a2
        | * b1
        | | * c1
        | | | * d1
        |_|_|/
        |_|/
        |/
        * a1
        """);

    [Fact]
    public void A_column_that_came_free_is_used_again() => Drawn("a4 b1>a3 a3 c1>a2 a2 a1").ShouldBe(
        """
        * a4
        | * b1
        |/
        * a3
        | * c1
        |/
        * a2
        * a1
        """);

    [Fact]
    public void A_merge_has_a_line_from_its_source() => Drawn("a3 a2+b1 b1>a1 a1").ShouldBe(
        """
        * a3
        * a2
        |\
        | * b1
        |/
        * a1
        """);

    [Fact]
    public void A_merge_of_a_line_that_went_on_joins_it() => Drawn("b2 a2+b1 b1>a1 a1").ShouldBe(
        """
          * b2
        * | a2
        |\|
        | * b1
        |/
        * a1
        """);

    [Fact]
    public void A_merge_into_a_branch_leads_back_to_its_parent() => Drawn("a3 b3+a2 a2 b2 b1>a1 a1").ShouldBe(
        """
        * a3
        | * b3
        |/|
        * | a2
        | * b2
        | * b1
        |/
        * a1
        """);

    [Fact]
    public void Lines_pass_under_what_lies_between() => Drawn("a5 d1>a1 c3+b2 c2 b2 a4+c1 b1>a3 c1>a2 a3 a2 a1").ShouldBe(
        """
        * a5
        | * d1
        | | * c3
        | | |\
        | | * | c2
        | | | * b2
        * | | | a4
        |\|_| |
        | | | * b1
        | | * | c1
        |_|_|/
        * | | a3
        |_|/
        * | a2
        |/
        * a1
        """);

    [Fact]
    public void Of_a_long_history_only_the_newest_is_drawn() => Drawn("a4 b2 a3 b1>a2 a2 a1", count: 3).ShouldBe(
        """
        * a4
        | * b2
        * | a3
        """);

    [Fact]
    public void Whoever_follows_the_lines_from_a_point_down_comes_to_its_parent_and_to_its_source()
    {
        var followed = 0;
        Gen.Int[1, 1 << 30].Sample(seed =>
        {
            var nodes = RandomHistory(new Random(seed));
            var rows = GraphLayout.Draw(nodes, nodes.Count).ToList();
            rows.Where(r => r.Node is not null).Select(r => r.Node!.Value).ShouldBe(Enumerable.Range(0, nodes.Count));
            for (var row = 0; row < rows.Count; row++)
            {
                if (rows[row].Node is not { } n) continue;
                var column = rows[row].Lines.IndexOf('*');
                if (nodes[n].Source is { } source) Follow(rows, row + 1, column, merge: true).ShouldBe(source, $"{seed}");
                if (nodes[n].Parent is { } parent) Follow(rows, row + 1, column, merge: false).ShouldBe(parent, $"{seed}");
                Interlocked.Increment(ref followed);
            }
        }, iter: 5_000, seed: "0000000000c1", threads: 2);
        TestContext.Current.TestOutputHelper?.WriteLine($"{followed:N0} points, each line leads where it should");
    }

    /// <summary>Goes down the text alone.</summary>
    /// <returns>The point it comes to.</returns>
    private static int? Follow(List<GraphRow> rows, int row, int at, bool merge)
    {
        for (; ; row++, merge = false)
        {
            var line = rows[row].Lines;
            if (At(line, at) == '*') return rows[row].Node;
            if (At(line, at) == '|' && !merge) continue;
            if (At(line, at - 1) == '/') at = Along(line, at - 2, -1);
            else if (At(line, at + 1) == '\\') at = Along(line, at + 2, 1);
            else return null;
        }

        static char At(string line, int i) => i >= 0 && i < line.Length ? line[i] : ' ';

        // A line that passes under others shows between them.
        static int Along(string line, int at, int step)
        {
            while (At(line, at + step) == '_') at += 2 * step;
            return at;
        }
    }

    /// <summary>Up to 40 points on up to 6 timelines, newest first; the last is the first of all.</summary>
    private static List<GraphNode> RandomHistory(Random random)
    {
        var oldestFirst = new List<GraphNode> { new(0, null) };
        var heads = new List<int> { 0 };
        var points = random.Next(1, 40);
        while (oldestFirst.Count < points)
        {
            var timeline = heads.Count < 6 && random.Next(6) == 0 ? heads.Count : random.Next(heads.Count);
            int? source = heads.Count > 1 && random.Next(5) == 0 ? heads[random.Next(heads.Count)] : null;
            var parent = timeline < heads.Count ? heads[timeline] : random.Next(oldestFirst.Count);
            if (timeline == heads.Count) heads.Add(0);
            heads[timeline] = oldestFirst.Count;
            oldestFirst.Add(new GraphNode(timeline, parent, source == parent ? null : source));
        }
        int Turned(int i) => oldestFirst.Count - 1 - i;
        return [.. oldestFirst.AsEnumerable().Reverse().Select(n => n with { Parent = n.Parent is { } p ? Turned(p) : null, Source = n.Source is { } s ? Turned(s) : null })];
    }

    private static string Drawn(string points, int count = int.MaxValue)
    {
        var names = points.Split(' ').Select(p => p.Split('>', '+')[0]).ToList();
        var nodes = points.Split(' ').Select((p, i) => new GraphNode(
            p[0] - 'a',
            p.Contains('>') ? Place(p.Split('>')[1].Split('+')[0]) : names.FindIndex(i + 1, n => n[0] == p[0]) is var next and >= 0 ? next : null,
            p.Contains('+') ? Place(p.Split('+')[1]) : null)).ToList();
        return string.Join('\n', GraphLayout.Draw(nodes, count).Select(r => r.Node is { } n ? $"{r.Lines} {names[n]}" : r.Lines));

        int Place(string name) => names.IndexOf(name);
    }
}
