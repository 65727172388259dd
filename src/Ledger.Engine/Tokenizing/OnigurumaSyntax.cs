using System.Globalization;
using System.Text;

namespace Ledger.Engine.Tokenizing;

/// <summary>
/// A pattern of tokenizer.json, which is Oniguruma's (Ruby's syntax), → the same for .NET. Read are the constructs that mean the same in both, or that can
/// be said in .NET's words; every other one is refused by its name. Which, and why: docs/decisions/0008-tokenizers.md.
/// </summary>
internal sealed class OnigurumaSyntax
{
    private static readonly string[] Groups = ["(?:", "(?=", "(?!", "(?>", "(?<=", "(?<!"];

    private static readonly HashSet<string> Properties =
    [
        "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po",
        "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp", "C", "Cc", "Cf", "Co",
    ];

    /// <summary>Oniguruma, without case, also finds ß for ss and the ligatures for these.</summary>
    private static readonly HashSet<string> FoldTogether = new(["ss", "st", "ff", "fi", "fl"], StringComparer.OrdinalIgnoreCase);

    private readonly string path;
    private readonly string pattern;
    private readonly StringBuilder net = new();
    private readonly List<(char From, char To)> named = [];
    private int at;

    /// <summary>Whether letters stand for both cases: inside <c>(?i:</c>.</summary>
    private bool folds;

    /// <summary>What stands last, if it is a letter for both cases.</summary>
    private char? letter;

    private OnigurumaSyntax(string path, string pattern) => (this.path, this.pattern) = (path, pattern);

    /// <returns>.NET's pattern, and the characters that it names by themselves or as a range.</returns>
    /// <exception cref="CheckpointException">A construct that is not supported.</exception>
    public static (string Net, IReadOnlyList<(char From, char To)> Named) Translate(string path, string pattern)
    {
        var syntax = new OnigurumaSyntax(path, pattern);
        syntax.Read();
        return (syntax.net.ToString(), syntax.named);
    }

    private char Next => at < pattern.Length ? pattern[at] : '\0';

    private void Read()
    {
        var open = new Stack<(int Begin, bool Folds)>();
        int? atom = null;                       // where what a quantifier would repeat begins
        while (at < pattern.Length)
        {
            var begin = net.Length;
            var before = letter;
            if (Next is not ('(' or ')')) letter = null;
            switch (Next)
            {
                case '(':
                    open.Push((begin, folds));
                    Group();
                    atom = null;
                    break;
                case ')':
                    if (!open.TryPop(out var group)) throw Refused("a ) that closes nothing");
                    (atom, folds) = (group.Begin, group.Folds);
                    Copy(1);
                    break;
                case '|':
                    Copy(1);
                    atom = null;
                    break;
                case '*' or '+' or '?' or '{':
                    Quantifier(atom ?? throw Refused($"a {Next} that follows nothing it could repeat"));
                    atom = null;
                    break;
                case '^' or '$': throw Refused($"{Next}, which is the edge of every line");
                case '[':
                    Class();
                    atom = begin;
                    break;
                case '.':
                    Copy(1);
                    atom = begin;
                    break;
                case '\\':
                    if (!Set()) Literal(Escaped(), before);
                    atom = begin;
                    break;
                default:
                    Literal(pattern[at++], before);
                    atom = begin;
                    break;
            }
        }
        if (open.Count > 0) throw Refused("a ( that is not closed");
    }

    private void Group()
    {
        if (Looking("(?i:"))
        {
            folds = true;
            at += 4;
            net.Append("(?:");
        }
        else if (Groups.FirstOrDefault(Looking) is { } group)
            Copy(group.Length);
        else if (Looking("(?") || Looking("(*"))
            throw Refused($"the group {pattern.AsSpan(at, Math.Min(4, pattern.Length - at))}");
        else
        {
            at++;
            net.Append("(?:");                  // nothing refers to what it holds
        }
    }

    /// <summary>?, * and +, greedy, lazy or possessive (which .NET says as an atomic group), and counts, greedy.</summary>
    private void Quantifier(int atom)
    {
        var counted = Next == '{';
        var length = counted ? CountLength() : 1;
        var (quantifier, after) = (pattern.Substring(at, length), at + length < pattern.Length ? pattern[at + length] : '\0');
        if (counted && after is '?' or '+') throw Refused($"{quantifier}{after}, which Oniguruma reads as two repetitions");
        Copy(length);
        if (counted || after is not ('?' or '+')) return;
        if (after == '?')
        {
            Copy(1);
            return;
        }
        net.Insert(atom, "(?>").Append(')');
        at++;
    }

    /// <summary>{n}, {n,} or {n,m}.</summary>
    private int CountLength()
    {
        var end = pattern.IndexOf('}', at);
        var numbers = end < 0 ? [] : pattern[(at + 1)..end].Split(',');
        var right = numbers is [_] or [_, _] && IsCount(numbers[0]) && (numbers is [_] or [_, ""] || IsCount(numbers[1]) && Count(numbers[0]) <= Count(numbers[1]));
        return right ? end + 1 - at : throw Refused("a { that is neither a count nor escaped");

        static bool IsCount(string s) => s.Length is >= 1 and <= 4 && s.All(char.IsAsciiDigit);
        static int Count(string s) => int.Parse(s, CultureInfo.InvariantCulture);
    }

    private void Class()
    {
        Copy(1);
        if (Next == '^') Copy(1);
        for (var first = true; Next != ']' || first; first = false)
        {
            if (at >= pattern.Length) throw Refused("a [ that is not closed");
            if (Next == ']') throw Refused("a class that begins with ]");
            if (Next == '[') throw Refused("a class inside a class");
            if (Looking("&&")) throw Refused("&& in a class");
            if (Set()) continue;
            if (Next == '-' && !first && !Looking("-]")) throw Refused("a - inside a class that is not escaped");
            Member();
        }
        Copy(1);
    }

    /// <summary>A character of a class, or a range of them.</summary>
    private void Member()
    {
        var from = Next == '\\' ? Escaped() : pattern[at++];
        if (Next != '-' || Looking("-]"))
        {
            foreach (var c in Cases(from)) Append(c);
            return;
        }
        at++;
        if (at >= pattern.Length || Next == '[') throw Refused("a range without an end");
        var to = Next == '\\' ? Escaped() : pattern[at++];
        if (folds) throw Refused("a range under (?i:");
        if (from > to) throw Refused("a range that runs backwards");
        RequireWhole(from);
        RequireWhole(to);
        named.Add((from, to));
        net.Append(Written(from)).Append('-').Append(Written(to));
    }

    /// <summary>\s, \d, \p{…} and their opposites, in a class or outside.</summary>
    private bool Set()
    {
        if (Looking(@"\s") || Looking(@"\S") || Looking(@"\d") || Looking(@"\D"))
        {
            Copy(2);
            return true;
        }
        if (!Looking(@"\p") && !Looking(@"\P")) return false;
        var end = pattern.IndexOf('}', at);
        var name = end > at + 2 && pattern[at + 2] == '{' ? pattern[(at + 3)..end] : "";
        if (!Properties.Contains(name)) throw Refused($"\\{pattern[at + 1]}{{{name}}}, which is not a general category");
        if (folds && name.Length > 1) throw Refused($"\\{pattern[at + 1]}{{{name}}} under (?i:");
        Copy(end + 1 - at);
        return true;
    }

    private char Escaped()
    {
        at++;
        if (at >= pattern.Length) throw Refused("a \\ at its end");
        var c = pattern[at++];
        switch (c)
        {
            case 't': return '\t';
            case 'n': return '\n';
            case 'r': return '\r';
            case 'f': return '\f';
            case 'v': return '\v';
            case 'u' when at + 4 <= pattern.Length && ushort.TryParse(pattern.AsSpan(at, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code):
                at += 4;
                return (char)code;
            default: return char.IsAscii(c) && !char.IsAsciiLetterOrDigit(c) ? c : throw Refused($"\\{c}");
        }
    }

    private void Literal(char c, char? before)
    {
        var cases = Cases(c);
        if (cases is [_])
        {
            Append(c);
            return;
        }
        if (FoldTogether.Contains($"{before}{c}")) throw Refused($"{before}{c} under (?i:, which also stands for one character");
        letter = c;
        net.Append('[');
        foreach (var form in cases) Append(form);
        net.Append(']');
    }

    /// <summary>The characters that a letter stands for; .NET has no ſ for s.</summary>
    private char[] Cases(char c)
    {
        if (!folds) return [c];
        if (!char.IsAscii(c)) throw Refused($"{c} under (?i:");
        if (!char.IsAsciiLetter(c)) return [c];
        return char.ToLowerInvariant(c) switch
        {
            's' => ['s', 'S', '\u017F'],
            'k' => ['k', 'K', '\u212A'],
            var lower => [lower, char.ToUpperInvariant(c)],
        };
    }

    private void Append(char c)
    {
        RequireWhole(c);
        named.Add((c, c));
        net.Append(Written(c));
    }

    private void RequireWhole(char c)
    {
        if (char.IsSurrogate(c)) throw Refused("a character beyond U+FFFF");
    }

    private static string Written(char c) => $"\\u{(int)c:X4}";

    private bool Looking(string at) => string.CompareOrdinal(pattern, this.at, at, 0, at.Length) == 0;

    private void Copy(int length)
    {
        net.Append(pattern, at, length);
        at += length;
    }

    private CheckpointException Refused(string construct) => TokenizerJson.Unsupported(path, "pre_tokenizer", $"Split, whose pattern {OnigurumaPattern.Shown(pattern)} has {construct},");
}
