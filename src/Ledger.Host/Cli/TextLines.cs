using System.Text;
using Ledger.Domain;

namespace Ledger.Host.Cli;

/// <summary>Texts that a person wrote into a file, one a line.</summary>
internal static class TextLines
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The lines that hold something, without the line's end.</summary>
    /// <param name="what">What the lines are: "prompt".</param>
    /// <exception cref="SetupException">The file cannot be read, is no UTF-8, or holds no text.</exception>
    public static IReadOnlyList<string> Read(string path, string what)
    {
        try
        {
            var lines = File.ReadLines(path, Strict).Where(l => !string.IsNullOrWhiteSpace(l)).ToList();
            return lines.Count > 0 ? lines : throw new SetupException($"{path} holds no {what}.", $"write one {what} a line");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new SetupException($"{path} cannot be read: {e.Message}", $"name a UTF-8 text file with one {what} a line");
        }
    }
}
