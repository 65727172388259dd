using System.Collections.Immutable;

namespace Ledger.Architecture.Tests;

/// <summary>
/// Which way dependencies point (docs/architecture.md): Domain ← Engine, Domain ← Projections, Host sees all three, and Engine and
/// Projections never see each other. Each check lists its faults, so that made-up cases can show that it finds them.
/// </summary>
internal static class DependencyRules
{
    /// <summary>Every project and every reference it has: what is not here is a fault, and so is what is here and gone.</summary>
    private static readonly ImmutableDictionary<string, string[]> References = new Dictionary<string, string[]>
    {
        ["Ledger.Domain"] = [],
        ["Ledger.Engine"] = ["Ledger.Domain"],
        ["Ledger.Projections"] = ["Ledger.Domain"],
        ["Ledger.Host"] = ["Ledger.Domain", "Ledger.Engine", "Ledger.Projections"],
        ["Ledger.TestKit"] = ["Ledger.Domain"],
        ["Ledger.Domain.Tests"] = ["Ledger.Domain", "Ledger.TestKit"],
        ["Ledger.Engine.Tests"] = ["Ledger.Engine", "Ledger.TestKit"],
        ["Ledger.Projections.Tests"] = ["Ledger.Projections", "Ledger.TestKit"],
        ["Ledger.Host.Tests"] = ["Ledger.Atlas", "Ledger.Host", "Ledger.TestKit"],
        ["Ledger.Architecture.Tests"] = ["Ledger.Engine", "Ledger.Host", "Ledger.Projections", "Ledger.TestKit"],     // all but TestKit for build order only
        ["Ledger.Atlas"] = ["Ledger.Host"],
        ["Ledger.Bench"] = ["Ledger.Host"],
    }.ToImmutableDictionary();

    /// <summary>Who may ask for a package that must stay in its place.</summary>
    private static readonly ImmutableArray<(string Package, string Owner)> Owners =
    [
        ("TorchSharp", "Ledger.Engine"),
        ("libtorch", "Ledger.Engine"),
        ("Microsoft.ML", "Ledger.Engine"),
        ("ParquetSharp", "Ledger.Engine"),
        ("SharpZipLib", "Ledger.Engine"),
        ("Microsoft.Data.Sqlite", "Ledger.Host"),
        ("Google.Protobuf", "Ledger.Host"),
        ("Grpc.Net.Client", "Ledger.Host"),
        ("MediatR", "Ledger.Host"),
        ("System.CommandLine", "Ledger.Host"),
    ];

    /// <summary>Where libtorch may end up by closure.</summary>
    private static readonly ImmutableHashSet<string> CarryTorch = ["Ledger.Engine", "Ledger.Engine.Tests", "Ledger.Host", "Ledger.Host.Tests", "Ledger.Atlas", "Ledger.Bench"];

    /// <summary>What a built assembly may refer to; a name that ends in a dot stands for all that start with it.</summary>
    private static readonly ImmutableDictionary<string, string[]> MayReferTo = new Dictionary<string, string[]>
    {
        ["Ledger.Domain"] = ["System.", "FluentValidation"],
        ["Ledger.Projections"] = ["System.", "Ledger.Domain"],
        ["Ledger.Engine"] = ["System.", "Ledger.Domain", "TorchSharp", "Microsoft.ML.Tokenizers", "ParquetSharp", "ICSharpCode.SharpZipLib"],
    }.ToImmutableDictionary();

    /// <summary>What Host must leave to the engine, though its closure has it.</summary>
    private static readonly ImmutableArray<string> TensorLibraries = ["TorchSharp", "Microsoft.ML.Tokenizers"];

    public static ImmutableArray<string> ReferenceFaults(IReadOnlyCollection<SolutionProject> projects)
    {
        var expected = References.SelectMany(p => p.Value.Select(to => $"{p.Key} → {to}")).ToImmutableSortedSet();
        var actual = projects.SelectMany(p => p.References.Select(to => $"{p.Name} → {to}")).ToImmutableSortedSet();
        return
        [
            .. actual.Except(expected).Select(edge => $"{edge} is not allowed"),
            .. expected.Except(actual).Select(edge => $"{edge} is gone"),
            .. projects.Select(p => p.Name).Except(References.Keys).Select(name => $"{name} has no rule"),
            .. References.Keys.Except(projects.Select(p => p.Name)).Select(name => $"{name} is gone"),
        ];
    }

    public static ImmutableArray<string> PackageFaults(IReadOnlyCollection<SolutionProject> projects) =>
    [
        .. from project in projects
           from package in project.Packages
           from owner in Owners
           where package.StartsWith(owner.Package, StringComparison.OrdinalIgnoreCase) && project.Name != owner.Owner
           select $"{project.Name} asks for {package}, which is {owner.Owner}'s",
        .. from project in projects
           where project.Name == "Ledger.Domain"
           from package in project.Packages.Except(["FluentValidation"])
           select $"Ledger.Domain asks for {package}",
        .. from project in projects
           where project.Name == "Ledger.Projections"
           from package in project.Packages
           select $"Ledger.Projections asks for {package}",
    ];

    public static ImmutableArray<string> ClosureFaults(string project, IEnumerable<string> lockedPackages) =>
        CarryTorch.Contains(project) ? [] : [.. lockedPackages
            .Where(p => p.StartsWith("TorchSharp", StringComparison.OrdinalIgnoreCase) || p.StartsWith("libtorch", StringComparison.OrdinalIgnoreCase))
            .Select(p => $"{project} would carry {p}")];

    public static ImmutableArray<string> AssemblyFaults(string project, IEnumerable<string> references) =>
        [.. references.Where(r => !Allowed(project, r)).Select(r => $"{project}'s assembly refers to {r}")];

    private static bool Allowed(string project, string reference) =>
        MayReferTo.TryGetValue(project, out var allowed)
            ? allowed.Any(a => a.EndsWith('.') ? reference.StartsWith(a, StringComparison.Ordinal) : reference == a)
            : !TensorLibraries.Contains(reference);
}
