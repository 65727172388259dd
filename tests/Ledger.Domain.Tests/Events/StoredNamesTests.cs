using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;

namespace Ledger.Domain.Tests.Events;

/// <summary>Names that stand in stored events: the lists may only grow, so that what was stored keeps its meaning.</summary>
public sealed class StoredNamesTests
{
    private const string Rule = "A stored name never changes or goes away; a new one is added.";

    [Fact]
    public void The_texts_of_every_stored_enumeration_are_the_listed_ones() =>
        GoldenFiles.ShouldHold("enumerations.txt", System.Text.Encoding.UTF8.GetBytes(string.Concat(Enumerations().Select(e => $"{e.Name}: {string.Join(' ', Texts(e))}\n"))), Rule);

    [Fact]
    public void No_listed_text_went_away()
    {
        var now = Enumerations().ToDictionary(e => e.Name, Texts);
        foreach (var line in File.ReadLines(Path.Combine(GoldenFiles.Folder, "enumerations.txt")))
        {
            var (name, texts) = (line.Split(": ")[0], line.Split(": ")[1].Split(' '));
            now.ShouldContainKey(name, Rule);
            texts.Except(now[name]).ShouldBeEmpty(Rule);
        }
    }

    [Fact]
    public void Every_member_of_a_stored_enumeration_has_a_text_of_its_own()
    {
        foreach (var type in Enumerations())
        {
            Texts(type).ShouldBeUnique(type.Name);
            Texts(type).ShouldAllBe(t => System.Text.RegularExpressions.Regex.IsMatch(t, "^[a-z]+(-[a-z]+)*$"), type.Name);
            if (type == typeof(Variant)) continue;                                                        // VariantNames says its texts
            foreach (var member in System.Enum.GetNames(type))
                type.GetField(member)!.GetCustomAttribute<JsonStringEnumMemberNameAttribute>().ShouldNotBeNull($"{type.Name}.{member}");
        }
    }

    private static Type[] Enumerations() =>
        [.. EventShapes.Reachable().SelectMany(t => EventJson.Options.GetTypeInfo(t).Properties.SelectMany(p => EventShapes.Parts(p.PropertyType))).Where(t => t.IsEnum).Distinct().OrderBy(t => t.Name, StringComparer.Ordinal)];

    private static string[] Texts(Type type) => [.. System.Enum.GetValues(type).Cast<object>().Select(v => JsonSerializer.Serialize(v, type, EventJson.Options).Trim('"'))];
}
