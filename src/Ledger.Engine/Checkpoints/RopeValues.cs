namespace Ledger.Engine.Checkpoints;

/// <summary>
/// Rotary positions of a config. transformers 4 writes the base, the share of a head that is turned and rope_scaling side by side, under names
/// that differ by family; transformers 5 writes all of it in rope_parameters. What both say must agree.
/// </summary>
/// <param name="Theta">Base of the frequencies, or null where the config has none.</param>
/// <param name="Share">The share of a head's numbers that is turned, or null where the config has none.</param>
internal sealed record RopeValues(double? Theta, double? Share, Llama3Rope? Scaling)
{
    private const string ThetaName = "rope_theta", ShareName = "partial_rotary_factor";

    /// <param name="theta">The base's name beside rope_scaling.</param>
    /// <param name="share">The share's.</param>
    public static RopeValues Read(ConfigValues c, string theta = ThetaName, string share = ShareName)
    {
        var read = new RopeValues(c.Positive(theta), c.Positive(share), null);
        var sections = 0;
        foreach (var name in (ReadOnlySpan<string>)["rope_scaling", "rope_parameters"])
        {
            if (c.Section(name) is not { } rope) continue;
            var scaling = ReadScaling(name, rope);
            c.Contradiction(sections++ > 0 && scaling != read.Scaling, "rope_scaling and rope_parameters name different ropes");
            read = new RopeValues(Agreed(c, theta, read.Theta, name, rope.Positive(ThetaName)), Agreed(c, share, read.Share, name, rope.Positive(ShareName)), scaling);
        }
        return read;
    }

    private static double? Agreed(ConfigValues c, string name, double? beside, string section, double? within)
    {
        c.Contradiction(beside is not null && within is not null && beside != within, $"{name} is {beside} and, in {section}, {within}");
        return beside ?? within;
    }

    private static Llama3Rope? ReadScaling(string name, ConfigValues rope)
    {
        const string supported = "supported are default and llama3";
        switch (rope.Text("rope_type") ?? rope.Text("type"))
        {
            case null:
                rope.Refuse(name, rope.Names.Any(n => n is not (ThetaName or ShareName)), "a rope without a type is not supported", supported);
                return null;
            case "default":
                return null;
            case "llama3":
                var scaling = new Llama3Rope(
                    rope.RequiredPositive("factor"), rope.RequiredPositive("low_freq_factor"), rope.RequiredPositive("high_freq_factor"), rope.RequiredSize("original_max_position_embeddings"));
                rope.Contradiction(scaling.HighFactor <= scaling.LowFactor, $"high_freq_factor {scaling.HighFactor} is not above low_freq_factor {scaling.LowFactor}");
                return scaling;
            case var type:
                throw rope.Wrong($"{name}: rope type {type} is not supported", supported);
        }
    }
}
