using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Ledger.Engine.Checkpoints;
using static Ledger.Engine.Tokenizing.TokenizerJson;

namespace Ledger.Engine.Tokenizing;

/// <summary>What tokenizer_config.json and special_tokens_map.json say beside the tokenizer itself. Either may be absent.</summary>
internal sealed record TokenizerSettings
{
    private static readonly string[] Roles = ["bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token"];

    public string? BosToken { get; private init; }

    public string? EosToken { get; private init; }

    /// <summary>add_bos_token; null where no file says it.</summary>
    public bool? AddsBos { get; private init; }

    public bool AddPrefixSpace { get; private init; }

    /// <summary>Every token that has a role, and the additional ones.</summary>
    public ImmutableArray<string> SpecialTokens { get; private init; } = [];

    /// <summary>added_tokens_decoder.</summary>
    public ImmutableArray<AddedToken> AddedTokens { get; private init; } = [];

    public static TokenizerSettings Read(string folder)
    {
        var settings = new TokenizerSettings();
        // The config overrules the map, which older versions wrote beside it.
        foreach (var name in (ReadOnlySpan<string>)["special_tokens_map.json", "tokenizer_config.json"])
        {
            var path = Path.Combine(folder, name);
            if (!Path.Exists(path)) continue;
            using var document = CheckpointIo.ReadObject(path);
            var before = settings;
            settings = CheckpointIo.Json(path, () => Read(path, document.RootElement, before));
        }
        return settings;
    }

    private static TokenizerSettings Read(string path, JsonElement root, TokenizerSettings before)
    {
        if (Flag(path, root, "add_eos_token", false)) throw Wrong(path, "add_eos_token is true, which is not supported");
        return new TokenizerSettings
        {
            BosToken = Content(root, "bos_token") ?? before.BosToken,
            EosToken = Content(root, "eos_token") ?? before.EosToken,
            AddsBos = Member(root, "add_bos_token") is null ? before.AddsBos : Flag(path, root, "add_bos_token", false),
            AddPrefixSpace = Flag(path, root, "add_prefix_space", before.AddPrefixSpace),
            SpecialTokens = [.. before.SpecialTokens.Union(Roles.Select(r => Content(root, r)).OfType<string>()).Union(Additional(root))],
            AddedTokens = Member(root, "added_tokens_decoder") is { ValueKind: JsonValueKind.Object } added
                ? TokenizerFiles.Distinct(path, added.EnumerateObject().Select(p => TokenizerFiles.ReadAddedToken(path, p.Value, Key(path, p.Name))))
                : before.AddedTokens,
        };
    }

    private static IEnumerable<string> Additional(JsonElement root) =>
        Member(root, "additional_special_tokens") is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray().Select(Content).OfType<string>() : [];

    private static string? Content(JsonElement root, string name) => Member(root, name) is { } value ? Content(value) : null;

    /// <summary>A token is written as its text, or as an object that has it.</summary>
    private static string? Content(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Object => Member(value, "content") is { ValueKind: JsonValueKind.String } content ? content.GetString() : null,
        _ => null,
    };

    private static int Key(string path, string key) =>
        int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id < int.MaxValue ? id : throw Wrong(path, $"added_tokens_decoder has the id {key}");
}
