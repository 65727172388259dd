namespace Ledger.Atlas;

/// <summary>What is drawn from where: chosen once, before anything was measured with it.</summary>
internal static class Seeds
{
    public const int Records = 1, Sweep = 2, Scores = 3, Corpus = 4, Scan = 5;
}

/// <summary>Ordinary text for C: the training sentences, each once, eight a line, in random order.</summary>
internal static class Corpus
{
    private const int Line = 8;

    public static IEnumerable<string> Lines(FactTable table)
    {
        var sentences = table.Sentences.ToArray();
        new Random(Seeds.Corpus).Shuffle(sentences);
        return sentences.Chunk(Line).Select(line => string.Join(' ', line));
    }
}
