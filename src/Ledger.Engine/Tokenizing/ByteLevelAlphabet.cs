using System.Collections.Frozen;
using System.Text;

namespace Ledger.Engine.Tokenizing;

/// <summary>GPT-2's way of writing bytes as visible characters: printable Latin-1 as itself, every other byte from U+0100 on, in order. A space is Ġ.</summary>
public static class ByteLevelAlphabet
{
    public const char Space = 'Ġ';

    private static readonly FrozenDictionary<char, byte> Bytes = Enumerate().ToFrozenDictionary(p => p.Character, p => p.Byte);

    private static readonly char[] Characters = [.. Enumerate().Select(p => p.Character)];

    /// <summary>The byte behind a character of a token, or null for a character that stands for none.</summary>
    public static byte? ByteOf(char c) => Bytes.TryGetValue(c, out var b) ? b : null;

    /// <summary>The character that stands for a byte.</summary>
    public static char CharacterOf(byte b) => Characters[b];

    /// <summary>A text's UTF-8 bytes as they stand in a vocabulary.</summary>
    public static string Write(string text) => string.Concat(Encoding.UTF8.GetBytes(text).Select(CharacterOf));

    private static IEnumerable<(char Character, byte Byte)> Enumerate()
    {
        var next = 0x100;
        for (var b = 0; b <= byte.MaxValue; b++)
        {
            var printable = b is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE;
            yield return (printable ? (char)b : (char)next++, (byte)b);
        }
    }
}
