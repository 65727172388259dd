using System.Text;
using System.Xml;

namespace Ledger.Host.Reports;

/// <summary>Text from anywhere, made such that every page and drawing can hold it.</summary>
internal static class PlainText
{
    /// <summary>Without what XML and HTML cannot hold: control characters and halves of surrogate pairs become U+FFFD. Line ends and tabs stay.</summary>
    public static string Of(string text)
    {
        var plain = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())        // half a pair comes out as U+FFFD
            plain.Append(rune.IsBmp && (!XmlConvert.IsXmlChar((char)rune.Value) || char.IsControl((char)rune.Value) && rune.Value is not ('\n' or '\t')) ? "�" : rune.ToString());
        return plain.ToString();
    }

    /// <summary>The same on one line.</summary>
    public static string OneLine(string text) => Of(text.ReplaceLineEndings(" ").Replace('\t', ' '));
}
