using System.Collections.Immutable;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text.Json;
using System.Xml.Linq;
using Ledger.TestKit;

namespace Ledger.Architecture.Tests;

/// <summary>A project as its file says: every reference counts, whatever its condition.</summary>
/// <param name="References">Names of the projects it refers to, build order included.</param>
/// <param name="Packages">Packages it asks for itself.</param>
/// <param name="Properties">What it sets.</param>
internal sealed record SolutionProject(
    string Name, string AssemblyName, ImmutableSortedSet<string> References, ImmutableSortedSet<string> Packages, ImmutableArray<(string Name, string Value)> Properties)
{
    /// <summary>The project's folder; empty for one that was made up.</summary>
    public string Folder { get; init; } = "";

    /// <summary>Every project of the checkout, in the solution or not.</summary>
    public static ImmutableArray<SolutionProject> All { get; } = [.. new[] { "atlas", "src", "tests", "bench" }
        .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Shared.Checkout, folder), "*.csproj", SearchOption.AllDirectories))
        .Order(StringComparer.Ordinal)
        .Select(path => Parse(Path.GetFileNameWithoutExtension(path), XDocument.Load(path)) with { Folder = Path.GetDirectoryName(path)! })];

    public static SolutionProject Named(string name) => All.Single(p => p.Name == name);

    public static SolutionProject Parse(string name, XDocument file)
    {
        var properties = file.Descendants("PropertyGroup").Elements().Select(p => (p.Name.LocalName, p.Value)).ToImmutableArray();
        return new SolutionProject(name,
            properties.FirstOrDefault(p => p.LocalName == "AssemblyName").Value ?? name,
            [.. Included("ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path.Replace('\\', '/')))],
            [.. Included("PackageReference")],
            properties);

        IEnumerable<string> Included(string item) => file.Descendants(item).Select(e => e.Attribute("Include")?.Value ?? throw new InvalidDataException($"{name}: {e} includes nothing."));
    }

    /// <summary>What the built assembly refers to, of the configuration these tests were built in.</summary>
    public ImmutableSortedSet<string> AssemblyReferences()
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory);                                // artifacts/bin/<project>/<configuration>
        var path = Path.Combine(own.Parent!.Parent!.FullName, Name, own.Name, $"{AssemblyName}.dll");
        using var image = new PEReader(File.OpenRead(path));
        var metadata = image.GetMetadataReader();
        return [.. metadata.AssemblyReferences.Select(r => metadata.GetString(metadata.GetAssemblyReference(r).Name))];
    }

    /// <summary>All packages the lock file resolves, direct or not.</summary>
    public ImmutableSortedSet<string> LockedPackages()
    {
        using var file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "packages.lock.json")));
        return [.. file.RootElement.GetProperty("dependencies").EnumerateObject().SelectMany(target => target.Value.EnumerateObject())
            .Where(p => p.Value.GetProperty("type").GetString() != "Project").Select(p => p.Name)];
    }
}
