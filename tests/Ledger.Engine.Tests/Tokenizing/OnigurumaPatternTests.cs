using System.Diagnostics;
using System.Text;
using CsCheck;
using Ledger.Engine.Tokenizing;

namespace Ledger.Engine.Tests.Tokenizing;

/// <summary>Published patterns against plain readings of them, and each construct by itself.</summary>
public sealed class OnigurumaPatternTests
{
    private static readonly string[] Bits =
        [.. "ab'sTreVEmLdſ\u212A 1²Ⅷ٣\t\n\r\u0085\u00a0\u3000éЖ中ª_-.!\u0301".Select(c => c.ToString()), "'ll", "'RE", "  ", "\r\n", "12345", "𝕏", "𝟙", "👩", "\U000E0100"];

    private static readonly Gen<string> Texts = Gen.Int[0, Bits.Length - 1].Array[0, 14].Select(bits => string.Concat(bits.Select(b => Bits[b])));

    [Fact]
    public void GPT2s_pattern_cuts_as_ByteLevel_does() =>
        Texts.Where(t => t.Length > 0).Sample(text => Cut(PublishedPatterns.Gpt2, text).ShouldBe(new ByteLevelCut(addPrefixSpace: false, usePattern: true).Cut(text)), iter: 5000);

    [Fact]
    public void The_patterns_of_Llama_3_and_Qwen2_cut_as_a_plain_reading_of_them()
    {
        Texts.Sample(text => Cut(PublishedPatterns.Llama3, text).ShouldBe(Plain(text, digits: 3)), iter: 5000);
        Texts.Sample(text => Cut(PublishedPatterns.Qwen2, text).ShouldBe(Plain(text, digits: 1)), iter: 5000);
    }

    [Theory]
    [InlineData("It's 12345 o'clock, WE'LL see!\n\n  x", "It|'s| |123|45| o|'clock|,| WE|'LL| see|!\n\n| | x")]
    [InlineData("(a)\t_b 𝕏𝟙𝟚𝟛𝟜 👩!", "(a|)|\t|_b| 𝕏|𝟙𝟚𝟛|𝟜| 👩!")]
    [InlineData("end  \n \n  ", "end|  \n \n|  ")]
    public void Llama_3s_words_by_hand(string text, string words) => Cut(PublishedPatterns.Llama3, text).ShouldBe(words.Split('|'));

    [Theory]
    [InlineData("a|b", "abc", "a|b|c")]
    [InlineData("(ab)+", "xababy", "x|abab|y")]
    [InlineData("a{2,3}", "aaaaaa b", "aaa|aaa| b")]
    [InlineData("a+?", "aa", "a|a")]
    [InlineData("a++b|a", "aab", "aab")]
    [InlineData("a*+a|b", "aab", "aa|b")]                       // possessive: what it took it keeps
    [InlineData("(?>a+)b", "aab", "aab")]
    [InlineData("(?<=a)b", "abb", "a|b|b")]
    [InlineData("(?<!a)b", "abb", "ab|b")]
    [InlineData("(?i:s)x", "Sxſxtx", "Sx|ſx|tx")]               // the long s is an s without case
    [InlineData("(?i:k[t])x", "\u212aTxKtx", "\u212aTx|Ktx")]
    [InlineData("a(?i:b)c", "aBcaBC", "aBc|aBC")]
    [InlineData("[^a-c\\-]", "ax-b", "a|x|-b")]
    [InlineData("[\\u4e00-\\u9fa5]+", "a中文b", "a|中文|b")]
    [InlineData("[一-龥]+", "a中𠀀文b", "a|中|𠀀|文|b")]          // a character beyond U+FFFF is in no range that ends before it
    [InlineData("[^a]", "𝕏a", "𝕏|a")]
    [InlineData(".", "𝕏\n", "𝕏|\n")]
    [InlineData("\\p{Lu}\\P{Lu}", "𝔸𝕒b", "𝔸𝕒|b")]
    [InlineData("[-a]", "b-a", "b|-|a")]
    [InlineData("\\.\\ ", "a. ", "a|. ")]
    public void A_construct_means_what_Oniguruma_means(string pattern, string text, string pieces) => Cut(pattern, text).ShouldBe(pieces.Split('|'));

    [Fact]
    public void Empty_matches_cut_and_none_stands_at_the_end_of_another_match()
    {
        Cut("(?=b)", "abab").ShouldBe(["a", "ba", "b"]);
        new OnigurumaPattern("tokenizer.json", "a*").Matches("baa").ShouldBe([(0, 0), (1, 3)]);
        new OnigurumaPattern("tokenizer.json", "a*").Matches("𝕏a").ShouldBe([(0, 0), (2, 3)]);
    }

    [Theory]
    [InlineData("^a", "^, which is the edge of every line")]
    [InlineData("a$", "$, which is the edge of every line")]
    [InlineData(@"\w+", @"\w")]
    [InlineData(@"a\b", @"\b")]
    [InlineData(@"\h", @"\h")]
    [InlineData(@"\R", @"\R")]
    [InlineData(@"\X", @"\X")]
    [InlineData(@"\K", @"\K")]
    [InlineData(@"\Aa", @"\A")]
    [InlineData(@"(a)\1", @"\1")]
    [InlineData(@"\x41", @"\x")]
    [InlineData(@"\u12", @"\u")]
    [InlineData(@"a\", @"a \ at its end")]
    [InlineData(@"\p{Han}", @"\p{Han}, which is not a general category")]
    [InlineData(@"\p{^L}", @"\p{^L}, which is not a general category")]
    [InlineData(@"\pL", @"\p{}, which is not a general category")]
    [InlineData("(?i)a", "the group (?i)")]
    [InlineData("(?<name>a)", "the group (?<n")]
    [InlineData("(?~a)", "the group (?~a")]
    [InlineData("(?#a)", "the group (?#a")]
    [InlineData("(*FAIL)", "the group (*FA")]
    [InlineData("(?m:.)", "the group (?m:")]
    [InlineData("(?i:é)", "é under (?i:")]
    [InlineData("(?i:ss)", "ss under (?i:, which also stands for one character")]
    [InlineData("(?i:sT)", "sT under (?i:, which also stands for one character")]
    [InlineData("(?i:[a-z])", "a range under (?i:")]
    [InlineData(@"(?i:\p{Lu})", @"\p{Lu} under (?i:")]
    [InlineData("a{2}?", "{2}?, which Oniguruma reads as two repetitions")]
    [InlineData("a{2,3}+", "{2,3}+, which Oniguruma reads as two repetitions")]
    [InlineData("a{,3}", "a { that is neither a count nor escaped")]
    [InlineData("a{3,2}", "a { that is neither a count nor escaped")]
    [InlineData("a**", "a * that follows nothing it could repeat")]
    [InlineData("+a", "a + that follows nothing it could repeat")]
    [InlineData("a)", "a ) that closes nothing")]
    [InlineData("(a", "a ( that is not closed")]
    [InlineData("[a", "a [ that is not closed")]
    [InlineData("[]a]", "a class that begins with ]")]
    [InlineData("[a[b]]", "a class inside a class")]
    [InlineData("[[:alpha:]]", "a class inside a class")]
    [InlineData("[a&&b]", "&& in a class")]
    [InlineData(@"[\s-x]", "a - inside a class that is not escaped")]
    [InlineData("[b-a]", "a range that runs backwards")]
    [InlineData("[a-", "a range without an end")]
    [InlineData("𝕏", "a character beyond U+FFFF")]
    [InlineData("[a-𝕏]", "a character beyond U+FFFF")]
    public void A_construct_that_would_mean_something_else_is_refused_by_its_name(string pattern, string construct) =>
        Should.Throw<CheckpointException>(() => new OnigurumaPattern("tokenizer.json", pattern)).Message.ShouldContain($"has {construct}, is not supported", Case.Sensitive);

    [Fact]
    public void A_pattern_that_names_every_character_of_a_category_is_refused() =>
        Should.Throw<CheckpointException>(() => new OnigurumaPattern("tokenizer.json", @"[\u0080-\uffff]")).Message.ShouldContain("names every character of a category");

    [Fact]
    public void A_search_without_end_is_stopped()
    {
        var pattern = new OnigurumaPattern("tokenizer.json", "(?:a|aa)+[^a]");
        var started = Stopwatch.GetTimestamp();
        var refusal = Should.Throw<CheckpointException>(() => pattern.Matches(new string('a', 60)).Count());
        Stopwatch.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromSeconds(30));
        refusal.Message.ShouldContain("takes more than 2 s");
        refusal.Path.ShouldBe("tokenizer.json");
    }

    [Fact]
    public void Any_pattern_is_read_or_refused() =>
        Gen.String[Gen.Char["ab\\psdLu0-9^$[](){}?*+|.,:i<=!&- \n𝕏"], 0, 16].Sample(pattern =>
        {
            try
            {
                _ = new OnigurumaPattern("tokenizer.json", pattern).Matches("ab 19\n𝕏L").ToArray();
            }
            catch (CheckpointException e)
            {
                e.Message.ShouldStartWith("tokenizer.json: ");
            }
        }, iter: 10_000);

    private static IEnumerable<string> Cut(string pattern, string text) =>
        new DelimiterCut(new OnigurumaPattern("tokenizer.json", pattern).Matches, DelimiterBehavior.Isolated, invert: false).Cut(text);

    /// <summary>The pattern read alternative by alternative, over whole characters.</summary>
    private static List<string> Plain(string text, int digits)
    {
        Rune[] runes = [.. text.EnumerateRunes()];
        var words = new List<string>();
        for (int begin = 0, end; begin < runes.Length; begin = end)
        {
            end = End(begin);
            words.Add(string.Concat(runes[begin..end]));
        }
        return words;

        int End(int i)
        {
            // '(s|t|re|ve|m|ll|d), in either case
            var lower = string.Concat(runes.Skip(i).Take(3).Select(r => r.Value == 'ſ' ? "s" : r.ToString().ToLowerInvariant()));
            if (lower.StartsWith('\''))
                foreach (var contraction in (string[])["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"])
                    if (lower.StartsWith(contraction, StringComparison.Ordinal)) return i + contraction.Length;
            // letters, with one character before them that is no letter, number or line end
            var first = Rune.IsLetter(runes[i]) || Rune.IsNumber(runes[i]) || IsLineEnd(i) ? i : i + 1;
            if (Run(first, Rune.IsLetter) is var letters && letters > first) return letters;
            // numbers
            if (Rune.IsNumber(runes[i])) return Math.Min(Run(i, Rune.IsNumber), i + digits);
            // anything else, with a space before it and line ends after it
            first = runes[i].Value == ' ' ? i + 1 : i;
            var other = Run(first, r => !Rune.IsWhiteSpace(r) && !Rune.IsLetter(r) && !Rune.IsNumber(r));
            if (other > first)
            {
                while (other < runes.Length && IsLineEnd(other)) other++;
                return other;
            }
            // white space up to its last line end; or all of it but the last; or all
            var white = Run(i, Rune.IsWhiteSpace);
            var line = Enumerable.Range(i, white - i).LastOrDefault(IsLineEnd, -1);
            return line >= 0 ? line + 1 : white < runes.Length && white - i > 1 ? white - 1 : white;
        }

        int Run(int i, Func<Rune, bool> has)
        {
            while (i < runes.Length && has(runes[i])) i++;
            return i;
        }

        bool IsLineEnd(int i) => runes[i].Value is '\r' or '\n';
    }
}
