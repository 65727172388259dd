using System.Collections.Immutable;
using System.Text;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Host.Features.Bulk;
using Ledger.Host.Features.Evaluating;
using Ledger.Host.Sessions;
using Ledger.Projections.Timelines;
using MediatR;

namespace Ledger.Host.Features.Paper;

/// <summary>
/// Records edited one after the other, on a timeline of its own for each variant: the paper's Table 2, Figures 3, 4 and 6 to 9. The edits are made first, by the bulk edit; what they did is measured afterwards, at the
/// revisions that they left, since each is rebuilt bit for bit. So a run that is stopped anywhere goes on, and whoever wants to know more of it can still ask.
/// </summary>
internal sealed class SequentialEdits(PaperPlan plan, PaperData data, string? model, string author, IMediator mediator)
{
    /// <summary>A record's scores at the revision that its own edit made.</summary>
    public const string AfterEdit = "after-edit";

    /// <summary>Before the work: a name that is taken is known at once.</summary>
    /// <exception cref="SetupException">A timeline of that name was started for something else.</exception>
    public void RequireNames(LedgerSetup setup)
    {
        foreach (var variant in plan.Sequential > 0 ? plan.Variants : []) IsStarted(setup, variant);
    }

    /// <summary>Starts the timeline unless it is there.</summary>
    /// <exception cref="SetupException">One of that name was started for something else.</exception>
    public async Task StartAsync(LedgerSession session, Variant variant, CancellationToken token)
    {
        if (!IsStarted(session.Setup, variant)) await Branch.StartAsync(session, new StartBranch(plan.Timeline(variant), RevisionName.Parse($"{LedgerSetup.Main}@0"), Purpose(variant), author), token);
    }

    private bool IsStarted(LedgerSetup setup, Variant variant)
    {
        if (setup.FindTimeline(plan.Timeline(variant)) is not { } known) return false;
        if (known.Started.Purpose != Purpose(variant))
            throw new SetupException($"The timeline {plan.Timeline(variant)} is there already and was started for something else: {known.Started.Purpose}.", "give the experiment's timelines another name with --as");
        return true;
    }

    private string Purpose(Variant variant) => $"sequential edits as {variant.Name()}, gate {(plan.Gate ? "on" : "off")}, records {data.Records.Digest}";

    /// <summary>Makes the edits that are not made yet.</summary>
    public async Task EditAsync(LedgerPaths ledger, Variant variant, IProgress<ApplyEdits.Step> progress, CancellationToken token)
    {
        var edits = new ApplyEdits.Request(
            ledger, plan.Timeline(variant), model, data.RecordsPath, plan.Format, plan.Sequential, SkipBad: false, OnConflict.Fail, variant, author, "the paper's sequential edits", null, !plan.Gate, progress);
        try
        {
            await mediator.Send(edits, token);
        }
        catch (BulkFileException e)
        {
            throw e.Alone();
        }
        token.ThrowIfCancellationRequested();
    }

    /// <summary>Everything that is asked of a timeline, revision by revision, from the base on.</summary>
    /// <returns>At each revision the history as it was there, which the next one changes.</returns>
    public IEnumerable<(TimelineHistory Past, EditRecord? Edit, bool IsPoint, ImmutableArray<Evaluation> Asked)> Questions(TimelineHistory history)
    {
        var past = history.At(0);
        var edits = 0;
        for (var revision = 0; revision <= history.Rows.Count; revision++)
        {
            EditRecord? edit = null;
            if (revision > 0)
            {
                var row = history.Rows[revision - 1];
                past.Add(row.Envelope, history);
                if (row.Event is EditJudged judged) (edit, edits) = (judged.Record, edits + 1);
            }
            // Decisions that follow an edit, such as a stream rule's, belong to it.
            var isPoint = revision == history.Rows.Count || (history.Rows[revision].Event is EditJudged && edits % plan.Every == 0);
            ImmutableArray<Evaluation> asked = [.. edit is null ? [] : new[] { After(edit) }, .. isPoint ? AtPoint(past) : []];
            yield return (past, edit, isPoint, asked);
        }
    }

    private static Evaluation After(EditRecord edit)
    {
        var fact = new Fact(edit.Edit.ToString(), edit.Request, []);
        return new Evaluation(
            new EvaluationQuestion(AfterEdit, Digest.Of(Encoding.UTF8.GetBytes(fact.Name)), 1, "n(x) of both targets", null), "the revision's own edit", Batch: 1, (evaluator, _, _, token) => evaluator.Facts([fact], token));
    }

    private IEnumerable<Evaluation> AtPoint(TimelineHistory past)
    {
        if (data.Text is { } text) yield return Evaluation.Perplexity(text);
        foreach (var task in data.Downstream) yield return Evaluation.Downstream(task);
        if (!past.Timeline.InEffect.IsEmpty) yield return Evaluation.Retention(past);
    }
}
