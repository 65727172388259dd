using System.Xml.Linq;

namespace Ledger.Architecture.Tests;

public sealed class DependencyTests
{
    public static TheoryData<string> Source => ["Ledger.Domain", "Ledger.Projections", "Ledger.Engine", "Ledger.Host"];

    [Fact]
    public void Projects_refer_to_each_other_exactly_as_drawn() => DependencyRules.ReferenceFaults(SolutionProject.All).ShouldBeEmpty();

    [Fact]
    public void Packages_stay_with_the_project_that_owns_them() => DependencyRules.PackageFaults(SolutionProject.All).ShouldBeEmpty();

    [Fact]
    public void Only_what_stands_on_the_engine_carries_the_tensor_library()
    {
        foreach (var project in SolutionProject.All) DependencyRules.ClosureFaults(project.Name, project.LockedPackages()).ShouldBeEmpty();
        SolutionProject.Named("Ledger.Engine").LockedPackages().ShouldContain("TorchSharp");       // the lock files are read
    }

    [Theory, MemberData(nameof(Source))]
    public void Built_assemblies_refer_to_what_their_project_may_know(string project) =>
        DependencyRules.AssemblyFaults(project, SolutionProject.Named(project).AssemblyReferences()).ShouldBeEmpty();

    [Fact]
    public void Metadata_is_read() => SolutionProject.Named("Ledger.Projections").AssemblyReferences().ShouldContain("Ledger.Domain");

    [Theory]
    [InlineData("Ledger.Domain", "Ledger.Engine")]
    [InlineData("Ledger.Projections", "Ledger.Engine")]
    [InlineData("Ledger.Engine", "Ledger.Projections")]
    [InlineData("Ledger.TestKit", "Ledger.Host")]
    public void A_forbidden_reference_is_found(string from, string to) =>
        DependencyRules.ReferenceFaults([.. SolutionProject.All.Select(p => p.Name == from ? p with { References = p.References.Add(to) } : p)])
            .ShouldBe([$"{from} → {to} is not allowed"]);

    [Fact]
    public void A_forbidden_reference_is_found_in_a_project_file_even_under_a_condition()
    {
        var domain = SolutionProject.Parse("Ledger.Domain", XDocument.Parse("""
            <Project Sdk="Microsoft.NET.Sdk">
              <ItemGroup Condition="'$(Sneaky)' == 'true'">
                <ProjectReference Include="..\Ledger.Engine\Ledger.Engine.csproj" />
              </ItemGroup>
            </Project>
            """));
        DependencyRules.ReferenceFaults([.. SolutionProject.All.Select(p => p.Name == domain.Name ? domain : p)])
            .ShouldBe(["Ledger.Domain → Ledger.Engine is not allowed"]);
    }

    [Fact]
    public void A_missing_reference_and_a_project_without_a_rule_are_found()
    {
        var stranger = SolutionProject.Parse("Ledger.Stranger", XDocument.Parse("<Project />"));
        var engine = SolutionProject.Named("Ledger.Engine") with { References = [] };
        DependencyRules.ReferenceFaults([.. SolutionProject.All.Select(p => p.Name == engine.Name ? engine : p), stranger])
            .ShouldBe(["Ledger.Engine → Ledger.Domain is gone", "Ledger.Stranger has no rule"]);
    }

    [Theory]
    [InlineData("Ledger.Domain", "MediatR")]
    [InlineData("Ledger.Domain", "System.Numerics.Tensors")]
    [InlineData("Ledger.Projections", "TorchSharp")]
    [InlineData("Ledger.Host", "libtorch-cpu-linux-x64")]
    [InlineData("Ledger.Host.Tests", "TorchSharp")]
    [InlineData("Ledger.Engine", "Microsoft.Data.Sqlite")]
    [InlineData("Ledger.Host", "ParquetSharp")]
    [InlineData("Ledger.Engine", "Grpc.Net.Client")]
    public void A_package_in_the_wrong_place_is_found(string project, string package) =>
        DependencyRules.PackageFaults([.. SolutionProject.All.Select(p => p.Name == project ? p with { Packages = p.Packages.Add(package) } : p)])
            .ShouldContain(fault => fault.StartsWith($"{project} asks for {package}"));

    [Fact]
    public void A_tensor_library_that_came_along_is_found() =>
        DependencyRules.ClosureFaults("Ledger.Projections.Tests", ["Shouldly", "TorchSharp", "libtorch-cpu-linux-x64"]).Length.ShouldBe(2);

    [Theory]
    [InlineData("Ledger.Domain", "TorchSharp")]
    [InlineData("Ledger.Domain", "MediatR")]
    [InlineData("Ledger.Domain", "Ledger.Engine")]
    [InlineData("Ledger.Projections", "Microsoft.Data.Sqlite")]
    [InlineData("Ledger.Projections", "TorchSharp")]
    [InlineData("Ledger.Engine", "Ledger.Projections")]
    [InlineData("Ledger.Host", "TorchSharp")]
    public void An_assembly_that_knows_too_much_is_found(string project, string reference) =>
        DependencyRules.AssemblyFaults(project, ["System.Runtime", "Ledger.Domain".Replace(project, "System.Linq"), reference])
            .ShouldBe([$"{project}'s assembly refers to {reference}"]);
}
