using System.Xml.Linq;
using Ledger.TestKit;

namespace Ledger.Architecture.Tests;

public sealed class HouseRulesTests
{
    [Fact]
    public void Every_project_is_built_under_the_house_rules()
    {
        HouseRules.Faults(XDocument.Load(Path.Combine(Shared.Checkout, "Directory.Build.props"))).ShouldBeEmpty();
        SolutionProject.All.SelectMany(p => HouseRules.Faults(p)).ShouldBeEmpty();
    }

    [Fact]
    public void The_clock_the_unseeded_dice_and_matmul_are_banned_as_an_error()
    {
        HouseRules.BannedSymbolFaults(File.ReadLines(Path.Combine(Shared.Checkout, "BannedSymbols.txt"))).ShouldBeEmpty();
        File.ReadLines(Path.Combine(Shared.Checkout, ".editorconfig")).ShouldContain("dotnet_diagnostic.RS0030.severity = error");
    }

    [Fact]
    public void Every_project_has_its_lock_file_and_its_place_in_the_solution()
    {
        var solution = File.ReadAllText(Path.Combine(Shared.Checkout, "Ledger.sln"));
        foreach (var project in SolutionProject.All)
        {
            File.Exists(Path.Combine(project.Folder, "packages.lock.json")).ShouldBeTrue(project.Name);
            solution.ShouldContain($"\\{project.Name}.csproj\"");
        }
    }

    [Fact]
    public void Rules_that_are_missing_are_found() =>
        HouseRules.Faults(XDocument.Parse("""
            <Project>
              <PropertyGroup>
                <Nullable>annotations</Nullable>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
                <EnforceCodeStyleInBuild>true</EnforceCodeStyleInBuild>
                <Deterministic>true</Deterministic>
              </PropertyGroup>
            </Project>
            """)).ShouldBe(
            [
                "Nullable is not enable", "RestorePackagesWithLockFile is not true",
                "no analyzer looks for banned symbols", "the banned symbols are not handed to the analyzer",
            ]);

    [Fact]
    public void A_project_that_sets_a_rule_aside_is_found() =>
        HouseRules.Faults(SolutionProject.Parse("Ledger.Lax", XDocument.Parse("""
            <Project>
              <PropertyGroup>
                <TreatWarningsAsErrors>false</TreatWarningsAsErrors>
                <NoWarn>$(NoWarn);RS0030</NoWarn>
              </PropertyGroup>
            </Project>
            """))).ShouldBe(["Ledger.Lax sets TreatWarningsAsErrors itself", "Ledger.Lax silences RS0030"]);

    [Fact]
    public void A_symbol_that_is_no_longer_banned_is_found() =>
        HouseRules.BannedSymbolFaults(File.ReadLines(Path.Combine(Shared.Checkout, "BannedSymbols.txt")).Where(line => !line.Contains("DateTime.UtcNow")))
            .ShouldBe(["P:System.DateTime.UtcNow is not banned"]);
}
