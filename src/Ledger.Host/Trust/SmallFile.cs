using Ledger.Domain;

namespace Ledger.Host.Trust;

/// <summary>A file that somebody hands in and that is small if it is what it should be.</summary>
internal static class SmallFile
{
    /// <param name="most">Bytes; a larger one is refused before it fills the memory.</param>
    /// <param name="refuse">What a problem is in the caller's words.</param>
    public static byte[] Read(string path, int most, Func<string, LedgerException> refuse)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var bytes = new byte[most + 1];
            var read = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return read <= most ? bytes[..read] : throw refuse($"{path} is larger than {most:N0} bytes and cannot be what it should.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw refuse($"{path} cannot be read: {e.Message}");
        }
    }
}
