using System;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>Marks one version requirement of a copy of libLibTorchSharp.so as weak. A no-op unless both the file and the need are the known ones.</summary>
public class RemedyTorchSharpNative : Task
{
    private const string Version = "GLIBCXX_3.4.32";
    private const string Known = "cf33b1b0bb6bbb9754a768fb5c5d04d9f498603be50e73f55621a0b40ee608b8";   // TorchSharp 0.107.0
    private const string Remedied = "5968efac8270eff8a2b5ca7381612ea9cc54d81cf4104a54e0e6106b7b5f11e3";
    private const ushort Weak = 2;                                                                    // VER_FLG_WEAK

    public string Source { get; set; }
    public string Target { get; set; }

    public override bool Execute()
    {
        if (File.Exists(Target) && Sha256(File.ReadAllBytes(Target)) == Remedied) return true;
        if (File.Exists(Target)) File.Delete(Target);
        if (!File.Exists(Source)) return true;
        var bytes = File.ReadAllBytes(Source);
        if (Sha256(bytes) != Known || HostHasVersion()) return true;

        var flags = FindFlags(bytes);
        if (flags < 0) { Log.LogError("libLibTorchSharp.so has the known digest but no " + Version + " requirement; the remedy does not fit it."); return false; }
        bytes[flags] |= (byte)Weak;
        if (Sha256(bytes) != Remedied) { Log.LogError("The remedied libLibTorchSharp.so has digest " + Sha256(bytes) + ", expected " + Remedied + "."); return false; }

        Directory.CreateDirectory(Path.GetDirectoryName(Target));
        var temporary = Target + "." + Guid.NewGuid().ToString("N");
        File.WriteAllBytes(temporary, bytes);
        File.Move(temporary, Target);
        Log.LogMessage(MessageImportance.High, "native remedy: this system's libstdc++ lacks " + Version + "; a copy of TorchSharp's library with that requirement marked weak goes into our output (one byte, digests checked).");
        return true;
    }

    /// <summary>Offset of vna_flags of the Vernaux entry named <see cref="Version"/> in .gnu.version_r (ELF64, little endian), or -1.</summary>
    private static int FindFlags(byte[] elf)
    {
        var sections = (int)BitConverter.ToInt64(elf, 0x28);
        int size = BitConverter.ToUInt16(elf, 0x3A), count = BitConverter.ToUInt16(elf, 0x3C);
        for (var s = 0; s < count; s++)
        {
            var header = sections + s * size;
            if (BitConverter.ToUInt32(elf, header + 4) != 0x6ffffffe) continue;                        // SHT_GNU_verneed
            var start = (int)BitConverter.ToInt64(elf, header + 0x18);
            var strings = (int)BitConverter.ToInt64(elf, sections + (int)BitConverter.ToUInt32(elf, header + 0x28) * size + 0x18);
            for (var need = start; ;)
            {
                var entry = need + (int)BitConverter.ToUInt32(elf, need + 8);
                for (; ; )
                {
                    var name = strings + (int)BitConverter.ToUInt32(elf, entry + 8);
                    var end = Array.IndexOf(elf, (byte)0, name);
                    if (Encoding.ASCII.GetString(elf, name, end - name) == Version) return entry + 4;
                    var next = (int)BitConverter.ToUInt32(elf, entry + 12);
                    if (next == 0) break;
                    entry += next;
                }
                var more = (int)BitConverter.ToUInt32(elf, need + 12);
                if (more == 0) break;
                need += more;
            }
        }
        return -1;
    }

    private static bool HostHasVersion()
    {
        var folders = new[] { "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/usr/lib", "/lib" };
        var library = folders.Select(f => Path.Combine(f, "libstdc++.so.6")).FirstOrDefault(File.Exists);
        // Unknown layout (NixOS, musl): leave the file alone; loading will tell.
        return library == null || Encoding.ASCII.GetString(File.ReadAllBytes(library)).Contains(Version + "\0");
    }

    private static string Sha256(byte[] bytes)
    {
        using (var sha = SHA256.Create()) return BitConverter.ToString(sha.ComputeHash(bytes)).Replace("-", "").ToLowerInvariant();
    }
}
