using System.Reflection;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;
using Ledger.TestKit;

namespace Ledger.Domain.Tests.Events;

/// <summary>What was stored once is read for ever: the stored form of every name is a file.</summary>
public sealed class StoredFormTests
{
    private const string Rule = "The stored form of a released event never changes: give the new form a new name, and an upcaster from the old one (docs/event-format.md).";

    public static TheoryData<string> EventNames() => [.. EventJson.Names.Keys];

    /// <summary>Also of names that are no longer written: their files stay.</summary>
    public static TheoryData<string> GoldenNames() =>
        [.. Directory.EnumerateFiles(GoldenFiles.Folder, "*.v*.json").Select(f => Path.GetFileNameWithoutExtension(f)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(EventNames))]
    public void An_event_is_stored_as_its_golden_file_says(string name) => GoldenFiles.ShouldHold($"{name}.json", EventJson.Serialize(GoldenEvents.All[name]), Rule);

    [Fact]
    public void Metadata_are_stored_as_their_golden_file_says() =>
        GoldenFiles.ShouldHold("metadata.json", EventJson.Serialize(Some.Metadata() with { CausationId = Some.Guid(5) }), Rule);

    [Theory]
    [MemberData(nameof(GoldenNames))]
    public void Every_golden_event_is_still_read(string name)
    {
        var read = EventJson.Current.Read(Some.Recorded(name, File.ReadAllBytes(Path.Combine(GoldenFiles.Folder, $"{name}.json")))).Event;
        if (GoldenEvents.All.TryGetValue(name, out var written)) read.ShouldBe(written);
    }

    [Fact]
    public void Key_statistics_of_the_first_form_are_a_measurement_over_plain_text()
    {
        var stored = File.ReadAllText(Path.Combine(GoldenFiles.Folder, "key-statistics-recorded.v1.json"));
        Read(stored).ShouldBe(Some.StatisticsRecorded);
        foreach (var damaged in new[] { stored.Replace("40", "null"), stored.Replace("512", "null"), stored.Replace("\"context\":512,", ""), stored.Replace("\"dk\"", "\"origin\":\"measured\",\"dk\"") })
            Should.Throw<DamagedEventException>(() => Read(damaged));

        static LedgerEvent Read(string json) => EventJson.Current.Read(Some.Recorded("key-statistics-recorded.v1", System.Text.Encoding.UTF8.GetBytes(json))).Event;
    }

    [Fact]
    public void A_policy_of_the_first_form_has_neither_probe_nor_stream_rules()
    {
        var stored = File.ReadAllText(Path.Combine(GoldenFiles.Folder, "gate-policy-set.v1.json"));
        Read(stored).ShouldBe(new GatePolicySet(new GatePolicy("strict", 3, [new(Rules.KeyAsymmetry, 0.1, GateAction.Reject), new(Rules.Outlier, 5, GateAction.Observe)])));
        foreach (var damaged in new[] { stored.Replace("\"rules\"", "\"probe\":null,\"rules\""), "{}" })
            Should.Throw<DamagedEventException>(() => Read(damaged));

        static LedgerEvent Read(string json) => EventJson.Current.Read(Some.Recorded("gate-policy-set.v1", System.Text.Encoding.UTF8.GetBytes(json))).Event;
    }

    [Fact]
    public void Every_event_has_a_name_of_its_own_that_carries_a_version()
    {
        var types = typeof(LedgerEvent).Assembly.GetTypes().Where(t => !t.IsAbstract && typeof(LedgerEvent).IsAssignableFrom(t)).ToArray();
        var names = types.Select(t => t.GetCustomAttribute<EventNameAttribute>().ShouldNotBeNull(t.Name).Name).ToArray();
        names.ShouldBeUnique();
        names.ShouldAllBe(n => System.Text.RegularExpressions.Regex.IsMatch(n, @"^[a-z]+(-[a-z]+)+\.v[1-9][0-9]*$"));
        GoldenEvents.All.Keys.ShouldBe(names, ignoreOrder: true);
    }

    [Fact]
    public void The_set_of_events_is_closed_to_its_assembly()
    {
        foreach (var type in typeof(LedgerEvent).Assembly.GetTypes().Where(t => t.IsAbstract && typeof(LedgerEvent).IsAssignableFrom(t)))
            type.GetConstructors(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
                .Where(c => c.IsFamily || c.IsFamilyOrAssembly || c.IsPublic)
                .Where(c => c.GetParameters() is not [var p] || p.ParameterType != type)      // a record's copy constructor copies what exists already
                .ShouldAllBe(c => type == typeof(EditJudged) || type == typeof(EditsTaken), type.Name);        // theirs are positional, and of no use without an event's name
    }
}
