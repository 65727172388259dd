using System.Text;

namespace Ledger.Engine.Tests.Support;

/// <summary>Seeded nonsense, one document a line, of different lengths.</summary>
internal static class TinyText
{
    public static string Of(int lines, int seed = 3)
    {
        var random = new Random(seed);
        var text = new StringBuilder();
        for (var line = 0; line < lines; line++)
            text.AppendJoin(' ', Enumerable.Range(0, random.Next(2, 9)).Select(_ => string.Concat(Enumerable.Range(0, random.Next(1, 8)).Select(_ => (char)random.Next('a', 'z' + 1))))).Append('\n');
        return text.ToString();
    }
}
