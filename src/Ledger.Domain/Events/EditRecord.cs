using System.Text.Json.Serialization;
using Ledger.Domain.Editing;
using Ledger.Domain.Gate;

namespace Ledger.Domain.Events;

/// <summary>What of an edit does not depend on the history: with it every factor-only replay, drift and interference needs events alone.</summary>
/// <param name="KBar">k̄ [d_k].</param>
/// <param name="KO">k_o [d_k].</param>
/// <param name="UBar">ū [d_k], unit length.</param>
/// <param name="UO">u_o [d_k], unit length.</param>
/// <param name="BaseOutKBar">W₀k̄ + b [d_v].</param>
/// <param name="BaseOutKO">W₀k_o + b [d_v].</param>
public sealed record EditKeys(Float32Vector KBar, Float32Vector KO, Float32Vector UBar, Float32Vector UO, Float32Vector BaseOutKBar, Float32Vector BaseOutKO)
{
    public static EditKeys Of(EditComputation x) => new(x.KBar, x.KO, x.UBar, x.UO, x.BaseOutKBar, x.BaseOutKO);
}

/// <summary>Which direction is the factor u.</summary>
public enum FactorU
{
    [JsonStringEnumMemberName("u-bar")] UBar,
    [JsonStringEnumMemberName("u-o")] UO,
}

/// <summary>What of an edit does depend on the weights it was made on.</summary>
/// <param name="M0">m₀ = W k_o + b [d_v].</param>
/// <param name="VE">v_e [d_v].</param>
/// <param name="Out">out = W k_v + b [d_v]; equals m₀ unless the variant solves at k̄.</param>
/// <param name="R">r [d_v].</param>
/// <param name="U">Which of ū, u_o is u.</param>
public sealed record EditSolution(Float32Vector M0, Float32Vector VE, Float32Vector Out, Float32Vector R, FactorU U)
{
    public static EditSolution Of(EditComputation x, Factors factors) => Of(x.M0, x.VE, factors);

    public static EditSolution Of(Float32Vector m0, Float32Vector vE, Factors factors) =>
        new(m0, vE, factors.Out, factors.Delta.R, Factors.UsesUBar(factors.Variant) ? FactorU.UBar : FactorU.UO);

    public RankOneDelta Delta(EditKeys keys) => new(R, U == FactorU.UBar ? keys.UBar : keys.UO);
}

/// <summary>Who asked for an edit, and why.</summary>
/// <param name="Author">Whose decision it is.</param>
/// <param name="Reason">Why, in their words.</param>
/// <param name="Source">A URL or ticket.</param>
/// <param name="Origin">The edit this one came from, on another timeline.</param>
public sealed record Provenance(string Author, string? Reason, string? Source, EditId? Origin);

/// <summary>
/// One computed edit, whatever became of it: the payload of applied, quarantined and rejected. Holds all that is needed to do it again
/// and all that is needed to replay it without the model.
/// </summary>
public sealed record EditRecord
{
    public required EditId Edit { get; init; }
    public required EditRequest Request { get; init; }
    public required Variant Variant { get; init; }
    public required MatrixAddress Matrix { get; init; }
    public required Digest Base { get; init; }
    public required Hyperparameters Hyperparameters { get; init; }

    /// <summary>Digest of the template set.</summary>
    public required Digest Templates { get; init; }

    /// <summary>The seed the templates were drawn from; null where they were given. The search for v_e itself draws nothing.</summary>
    public required long? TemplateSeed { get; init; }

    /// <summary>Digest of C.</summary>
    public required Digest KeyStatistics { get; init; }

    /// <summary>Engine, libraries and device.</summary>
    public required string Engine { get; init; }

    public required Provenance Provenance { get; init; }
    public required EditKeys Keys { get; init; }
    public required EditSolution Solution { get; init; }
    public required Signals Signals { get; init; }
    public required Verdict Verdict { get; init; }

    /// <summary>The state after this revision: with the edit when it was applied, unchanged when it was stopped.</summary>
    public required StateId After { get; init; }

    /// <summary>Weight fingerprint after this revision, where the matrix stood in memory.</summary>
    public required Digest? Fingerprint { get; init; }

    [JsonIgnore]
    public RankOneDelta Delta => Solution.Delta(Keys);
}
