using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using Ledger.Domain.Events;
using Ledger.TestKit;

namespace Ledger.Domain.Tests.Events;

/// <summary>docs/event-format.md says of every event and object exactly the fields there are, in their order, with their types.</summary>
public sealed class EventFormatDocTests
{
    private static readonly string[] Lines = File.ReadAllLines(Path.Combine(Shared.Checkout, "docs", "event-format.md"));

    private static readonly Dictionary<Type, string> Scalars = new()
    {
        [typeof(string)] = "text",
        [typeof(int)] = "int32",
        [typeof(long)] = "int64",
        [typeof(double)] = "float64",
        [typeof(bool)] = "bool",
        [typeof(Guid)] = "uuid",
        [typeof(DateTimeOffset)] = "time",
        [typeof(Digest)] = "digest",
        [typeof(StateId)] = "state id",
        [typeof(EditId)] = "edit id",
        [typeof(LedgerId)] = "ledger id",
        [typeof(TimelineId)] = "timeline id",
        [typeof(JobId)] = "job id",
        [typeof(Float32Vector)] = "vector",
    };

    public static TheoryData<string> Objects() => [.. EventShapes.Reachable().Select(Heading).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Objects))]
    public void Every_field_of_an_object_is_documented_with_its_type(string heading)
    {
        var type = EventShapes.Reachable().Single(t => Heading(t) == heading);
        var expected = EventJson.Options.GetTypeInfo(type).Properties.Select(p => $"| `{p.Name}` | {TypeOf(p.PropertyType, p.IsGetNullable)} |");
        var rows = Section(heading).Where(l => l.StartsWith("| `", StringComparison.Ordinal)).Select(l => string.Join('|', l.Split('|')[..3]) + "|").ToArray();
        rows.ShouldBe(expected);
        Section(heading).Where(l => l.StartsWith("| `", StringComparison.Ordinal)).ShouldAllBe(l => l.Split('|', 4)[3].Trim(' ', '|').Length > 0);
    }

    [Fact]
    public void Nothing_is_documented_that_is_not_there()
    {
        var documented = Lines.Where(l => l.StartsWith("### ", StringComparison.Ordinal)).Select(l => l[4..].Trim('`', ' ')).ToArray();
        documented.ShouldBeUnique();
        documented.ShouldBe(EventShapes.Reachable().Select(Heading), ignoreOrder: true);
    }

    [Fact]
    public void Every_enumeration_is_documented_with_its_texts()
    {
        foreach (var line in File.ReadLines(Path.Combine(GoldenFiles.Folder, "enumerations.txt")))
        {
            var (name, texts) = (line.Split(": ")[0], line.Split(": ")[1].Split(' '));
            Lines.ShouldContain(l => l.StartsWith($"| {name} | {string.Join(", ", texts.Select(t => $"`{t}`"))} |", StringComparison.Ordinal), name);
        }
    }

    [Fact]
    public void What_must_change_with_the_format_is_named_first_and_exists()
    {
        var first = Lines.SkipWhile(l => !l.StartsWith("Change with:", StringComparison.Ordinal)).TakeWhile(l => l.Length > 0).ToArray();
        Array.IndexOf(Lines, first[0]).ShouldBeLessThan(5);
        var paths = first.SelectMany(l => Regex.Matches(l, "`([^`]+/[^`]*)`").Select(m => m.Groups[1].Value)).ToArray();
        paths.Length.ShouldBeGreaterThan(5);
        foreach (var path in paths) Path.Exists(Path.Combine(Shared.Checkout, path)).ShouldBeTrue(path);
    }

    [Fact]
    public void The_worked_example_of_the_hash_is_right()
    {
        var hash = EventHash.Of(StreamName.Parse("timeline-a"), 7, "edit-dismissed.v1", "{}"u8, "{\"edit\":1}"u8, Digest.Of("before"u8));
        Lines.ShouldContain(l => l.Contains(hash.ToString()));
    }

    private static IEnumerable<string> Section(string heading) =>
        Lines.SkipWhile(l => l.Trim() != $"### `{heading}`" && l.Trim() != $"### {heading}").Skip(1).TakeWhile(l => !l.StartsWith('#'));

    private static string Heading(Type type) => EventJson.Names.FirstOrDefault(n => n.Value == type).Key ?? type.Name;

    private static string TypeOf(Type type, bool nullable)
    {
        if (Nullable.GetUnderlyingType(type) is { } value) return TypeOf(value, nullable: true);
        var name = Scalars.TryGetValue(type, out var scalar) ? scalar
            : type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ImmutableArray<>) ? $"list of {TypeOf(type.GetGenericArguments()[0], nullable: false)}"
            : type.IsEnum || EventJson.Options.GetTypeInfo(type).Kind == JsonTypeInfoKind.Object ? type.Name
            : throw new JsonException($"{type} has no name in docs/event-format.md.");
        return nullable ? $"{name} or null" : name;
    }
}
