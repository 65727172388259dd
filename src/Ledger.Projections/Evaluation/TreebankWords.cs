using System.Text.RegularExpressions;

namespace Ledger.Projections.Evaluation;

/// <summary>
/// English text cut into words as the Penn Treebank does it, with straight quotation marks turned into <c>``</c> and <c>''</c>: the words that NLTK's <c>word_tokenize</c> gives, whose
/// n-grams ROME counts. Sentences, at whose ends full stops are cut off, are found by rule, where NLTK has a trained model: after . ! or ?, before white space and what is no small letter, but not after an initial
/// or a known abbreviation.
/// </summary>
public static partial class TreebankWords
{
    /// <summary>The words in order.</summary>
    public static IReadOnlyList<string> Of(string text) => [.. SentenceEnd().Split(text).SelectMany(Words)];

    private static string[] Words(string sentence)
    {
        var s = sentence;
        // Quotation marks that open; the others are found once everything around them is cut off.
        s = OpeningMark().Replace(s, " $1 ");
        s = QuoteAtStart().Replace(s, "`` ");
        s = QuoteAfterSpace().Replace(s, "$1 `` ");
        s = OpeningApostrophe().Replace(s, "$1 $2");
        s = LastStop().Replace(s, "$1 $2 $3 ");
        s = ColonOrComma().Replace(s, " $1 $2");
        s = ColonOrCommaAtEnd().Replace(s, " $1 ");
        s = Dots().Replace(s, " $& ");
        s = Sign().Replace(s, " $& ");
        s = ClosingApostrophe().Replace(s, "$1 ' ");
        s = Bracket().Replace(s, " $& ");
        s = s.Replace("--", " -- ", StringComparison.Ordinal);
        s = $" {s} ";
        s = ClosingMark().Replace(s, " $1 ");
        s = s.Replace("''", " '' ", StringComparison.Ordinal).Replace("\"", " '' ", StringComparison.Ordinal);
        s = Suffix().Replace(s, "$1 $2 ");
        s = LongSuffix().Replace(s, "$1 $2 ");
        s = JoinedWords().Replace(s, " $1 $2 ");
        s = Tis().Replace(s, " $1 $2 ");
        return s.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>White space behind a sentence.</summary>
    [GeneratedRegex("""(?<=[.!?][)\]"'”’»]*)(?<!\b(?:[^\W\d]|[A-Za-z](?:\.[A-Za-z])+|Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|Gen|Col|Capt|Sen|Rep|Gov|Rev|vs|etc|No|Inc|Ltd|Co|Corp)\.)\s+(?=[^\p{Ll}\s])""")]
    private static partial Regex SentenceEnd();

    [GeneratedRegex("([«“‘„]|`+)")]
    private static partial Regex OpeningMark();

    [GeneratedRegex("^\"")]
    private static partial Regex QuoteAtStart();

    [GeneratedRegex("""([ (\[{<])("|'{2})""")]
    private static partial Regex QuoteAfterSpace();

    /// <summary>An apostrophe before a single letter that is no contraction's.</summary>
    [GeneratedRegex(@"(')(?!re|ve|ll|m|t|s|d|n)(\w)\b", RegexOptions.IgnoreCase)]
    private static partial Regex OpeningApostrophe();

    [GeneratedRegex("""([^.])(\.)([\])}>"'»”’ ]*)\s*$""")]
    private static partial Regex LastStop();

    [GeneratedRegex(@"([:,])([^\d])")]
    private static partial Regex ColonOrComma();

    [GeneratedRegex("([:,])$")]
    private static partial Regex ColonOrCommaAtEnd();

    [GeneratedRegex(@"\.{2,}")]
    private static partial Regex Dots();

    [GeneratedRegex("[;@#$%&?!*]")]
    private static partial Regex Sign();

    [GeneratedRegex(@"([^'])'\s")]
    private static partial Regex ClosingApostrophe();

    [GeneratedRegex(@"[\]\[(){}<>]")]
    private static partial Regex Bracket();

    [GeneratedRegex("([»”’])")]
    private static partial Regex ClosingMark();

    [GeneratedRegex("([^' ])('[sS]|'[mM]|'[dD]|') ")]
    private static partial Regex Suffix();

    [GeneratedRegex("([^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) ")]
    private static partial Regex LongSuffix();

    [GeneratedRegex(@"\b(can(?=not\b)|d(?='ye\b)|gim(?=me\b)|gon(?=na\b)|got(?=ta\b)|lem(?=me\b)|more(?='n\b)|wan(?=na\s))(not|'ye|me|na|ta|'n)", RegexOptions.IgnoreCase)]
    private static partial Regex JoinedWords();

    [GeneratedRegex(" ('t)(is|was)\\b", RegexOptions.IgnoreCase)]
    private static partial Regex Tis();
}
