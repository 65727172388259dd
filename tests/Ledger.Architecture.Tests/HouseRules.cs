using System.Collections.Immutable;
using System.Xml.Linq;

namespace Ledger.Architecture.Tests;

/// <summary>The rules every project is built under, and that none sets aside for itself.</summary>
internal static class HouseRules
{
    private static readonly ImmutableArray<(string Property, string Value)> Required =
    [
        ("Nullable", "enable"),
        ("TreatWarningsAsErrors", "true"),
        ("EnforceCodeStyleInBuild", "true"),
        ("Deterministic", "true"),
        ("RestorePackagesWithLockFile", "true"),
    ];

    private static readonly ImmutableArray<string> Banned =
    [
        "P:System.DateTime.Now", "P:System.DateTime.UtcNow", "P:System.DateTimeOffset.Now", "P:System.DateTimeOffset.UtcNow", "P:System.Random.Shared",
        "M:TorchSharp.torch.matmul(TorchSharp.torch.Tensor,TorchSharp.torch.Tensor)", "M:TorchSharp.torch.Tensor.matmul(TorchSharp.torch.Tensor)",
    ];

    /// <summary>Faults of Directory.Build.props.</summary>
    public static ImmutableArray<string> Faults(XDocument props) =>
    [
        .. Required.Where(r => props.Descendants(r.Property).Select(e => e.Value).LastOrDefault() != r.Value).Select(r => $"{r.Property} is not {r.Value}"),
        .. props.Descendants("PackageReference").Any(p => p.Attribute("Include")?.Value == "Microsoft.CodeAnalysis.BannedApiAnalyzers")
            ? Array.Empty<string>() : ["no analyzer looks for banned symbols"],
        .. props.Descendants("AdditionalFiles").Any(f => f.Attribute("Include")?.Value.EndsWith("BannedSymbols.txt", StringComparison.Ordinal) == true)
            ? Array.Empty<string>() : ["the banned symbols are not handed to the analyzer"],
    ];

    public static ImmutableArray<string> BannedSymbolFaults(IEnumerable<string> lines)
    {
        var banned = lines.Select(line => line.Split(';')[0]).ToHashSet();
        return [.. Banned.Where(symbol => !banned.Contains(symbol)).Select(symbol => $"{symbol} is not banned")];
    }

    /// <summary>A project that sets one of the rules itself, or silences the banned symbols.</summary>
    public static ImmutableArray<string> Faults(SolutionProject project) =>
    [
        .. project.Properties.Where(p => Required.Any(r => r.Property == p.Name)).Select(p => $"{project.Name} sets {p.Name} itself"),
        .. project.Properties.Where(p => p.Name is "NoWarn" or "WarningsNotAsErrors" && p.Value.Contains("RS0030")).Select(p => $"{project.Name} silences RS0030"),
        .. project.Packages.Where(p => p == "Microsoft.CodeAnalysis.BannedApiAnalyzers").Select(p => $"{project.Name} handles {p} itself"),
    ];
}
