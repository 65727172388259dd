using System.Collections.Immutable;
using FluentValidation;
using Ledger.Domain;
using Ledger.Domain.Ports;
using Ledger.Domain.Validation;
using Ledger.Engine;
using Ledger.Engine.Statistics;
using Ledger.Host.Features;
using Ledger.Host.Features.Bulk;
using Ledger.Host.Features.Comparing;
using Ledger.Host.Features.Evaluating;
using Ledger.Host.Features.Paper;
using Ledger.Host.Features.Past;
using Ledger.Host.Features.Projecting;
using Ledger.Host.Features.Replaying;
using Ledger.Host.Features.Watching;
using Ledger.Host.Features.Working;
using Ledger.Host.Jobs;
using Ledger.Host.Sessions;
using MediatR;
using Microsoft.Extensions.DependencyInjection;

namespace Ledger.Host;

/// <summary>Every registration, by hand and in one place.</summary>
public static class Wiring
{
    /// <param name="time">The clock.</param>
    /// <param name="device">A torch device: <c>cpu</c>, <c>cuda:0</c>.</param>
    public static ServiceProvider Build(TimeProvider time, string device)
    {
        var services = new ServiceCollection();
        services.AddSingleton(time);
        services.AddSingleton<IModelLibrary>(_ => new ModelLibrary(device));
        services.AddSingleton<Func<LedgerPaths, IKeyStatisticsStore>>(paths => new KeyStatisticsStore(paths.KeyStatistics));
        services.AddSingleton<LedgerSessions>();
        services.AddSingleton<BaseGuard>();
        services.AddSingleton<LedgerJobs>();
        services.AddTransient<JobWork.Tools>();

        services.AddSingleton<IValidator<OpenLedger>, OpenLedgerValidator>();
        services.AddSingleton<IValidator<ApplyEdit>, ApplyEditValidator>();
        services.AddSingleton<IValidator<DecideOnEdit>, DecideOnEditValidator>();
        services.AddSingleton<IValidator<StartBranch>, StartBranchValidator>();
        services.AddSingleton<IValidator<EndTimeline>, EndTimelineValidator>();
        services.AddSingleton<IValidator<MeasureRevision>, MeasureRevisionValidator>();
        services.AddSingleton<IValidator<TakeEdits>, TakeEditsValidator>();
        services.AddSingleton<IValidator<SetGatePolicy>, SetGatePolicyValidator>();

        services.AddTransient<ServiceFactory>(provider => provider.GetService!);
        services.AddTransient<IMediator, Mediator>();
        services.AddTransient(typeof(IPipelineBehavior<,>), typeof(ValidationBehaviour<,>));
        services.AddTransient<IRequestHandler<OpenLedgerFeature.Request, OpenLedgerFeature.Result>, OpenLedgerFeature.Handler>();
        services.AddTransient<IRequestHandler<ListServer.Request, ListServer.Result>, ListServer.Handler>();
        services.AddTransient<IRequestHandler<ConnectLedger.Request, OpenLedgerFeature.Result>, ConnectLedger.Handler>();
        services.AddTransient<IRequestHandler<CopyLedger.Request, CopyLedger.Result>, CopyLedger.Handler>();
        services.AddTransient<IRequestHandler<SweepLayers.Request, SweepLayers.Result>, SweepLayers.Handler>();
        services.AddTransient<IRequestHandler<MeasureKeys.Request, MeasureKeys.Result>, MeasureKeys.Handler>();
        services.AddTransient<IRequestHandler<ImportKeys.Request, MeasureKeys.Result>, ImportKeys.Handler>();
        services.AddTransient<IRequestHandler<TakeKeys.Request, MeasureKeys.Result>, TakeKeys.Handler>();
        services.AddTransient<IRequestHandler<ApplyEditFeature.Request, EditResult>, ApplyEditFeature.Handler>();
        services.AddTransient<IRequestHandler<ApplyEdits.Request, ApplyEdits.Result>, ApplyEdits.Handler>();
        services.AddTransient<IRequestHandler<ShowLog.Request, ShowLog.Result>, ShowLog.Handler>();
        services.AddTransient<IRequestHandler<ShowGraph.Request, ShowGraph.Result>, ShowGraph.Handler>();
        services.AddTransient<IRequestHandler<ShowAudit.Request, IReadOnlyList<ShowAudit.Line>>, ShowAudit.Handler>();
        services.AddTransient<IRequestHandler<ShowProjections.Request, ShowProjections.Result>, ShowProjections.Handler>();
        services.AddTransient<IRequestHandler<RunProjections.Request, RunProjections.Result>, RunProjections.Handler>();
        services.AddTransient<IRequestHandler<DropProjections.Request, DropProjections.Result>, DropProjections.Handler>();
        services.AddTransient<IRequestHandler<ShowEdit.Request, ShowEdit.Result>, ShowEdit.Handler>();
        services.AddTransient<IRequestHandler<Ask.Request, Ask.Result>, Ask.Handler>();
        services.AddTransient<IRequestHandler<ReviewEdits.Request, ReviewEdits.Result>, ReviewEdits.Handler>();
        services.AddTransient<IRequestHandler<ReleaseEditFeature.Request, DecisionResult>, ReleaseEditFeature.Handler>();
        services.AddTransient<IRequestHandler<Decide.Request, DecisionResult>, Decide.Handler>();
        services.AddTransient<IRequestHandler<Merge.Request, Merge.Result>, Merge.Handler>();
        services.AddTransient<IRequestHandler<Branch.Request, Branch.Result>, Branch.Handler>();
        services.AddTransient<IRequestHandler<Tag.Request, Tag.Result>, Tag.Handler>();
        services.AddTransient<IRequestHandler<CloseTimeline.Request, CloseTimeline.Result>, CloseTimeline.Handler>();
        services.AddTransient<IRequestHandler<ListTimelines.Request, ListTimelines.Result>, ListTimelines.Handler>();
        services.AddTransient<IRequestHandler<ReplayTimeline.Request, ReplayTimeline.Result>, ReplayTimeline.Handler>();
        services.AddTransient<IRequestHandler<CompareRevisions.Request, Comparison>, CompareRevisions.Handler>();
        services.AddTransient<IRequestHandler<BlameEdits.Request, BlameEdits.Result>, BlameEdits.Handler>();
        services.AddTransient<IRequestHandler<BisectHistory.Request, BisectHistory.Result>, BisectHistory.Handler>();
        services.AddTransient<IRequestHandler<DiffStates.Request, DiffStates.Result>, DiffStates.Handler>();
        services.AddTransient<IRequestHandler<ShowDrift.Request, ShowDrift.Result>, ShowDrift.Handler>();
        services.AddTransient<IRequestHandler<ShowInterference.Request, ShowInterference.Result>, ShowInterference.Handler>();
        services.AddTransient<IRequestHandler<EvaluateRevision.Request, EvaluateRevision.Result>, EvaluateRevision.Handler>();
        services.AddTransient<IRequestHandler<ShowEvaluations.Request, ImmutableArray<ShowEvaluations.Line>>, ShowEvaluations.Handler>();
        services.AddTransient<IRequestHandler<QueueEdit.Request, QueuedJob>, QueueEdit.Handler>();
        services.AddTransient<IRequestHandler<QueueEdits.Request, QueueEdits.Result>, QueueEdits.Handler>();
        services.AddTransient<IRequestHandler<QueueReplay.Request, QueuedJob>, QueueReplay.Handler>();
        services.AddTransient<IRequestHandler<QueueEvaluation.Request, QueuedJob>, QueueEvaluation.Handler>();
        services.AddTransient<IRequestHandler<ShowJobs.Request, IReadOnlyList<ShowJobs.Line>>, ShowJobs.Handler>();
        services.AddTransient<IRequestHandler<ShowJob.Request, ShowJob.Result>, ShowJob.Handler>();
        services.AddTransient<IRequestHandler<RetryJob.Request, QueuedJob>, RetryJob.Handler>();
        services.AddTransient<IRequestHandler<RunWorker.Request, RunWorker.Result>, RunWorker.Handler>();
        services.AddTransient<IRequestHandler<ShowGate.Request, ShowGate.Result>, ShowGate.Handler>();
        services.AddTransient<IRequestHandler<SetGate.Request, SetGate.Result>, SetGate.Handler>();
        services.AddTransient<IRequestHandler<WatchTimeline.Request, WatchReport>, WatchTimeline.Handler>();
        services.AddTransient<IRequestHandler<ShowStability.Request, ShowStability.Result>, ShowStability.Handler>();
        services.AddTransient<IRequestHandler<RunPaper.Request, PaperResults>, RunPaper.Handler>();
        services.AddTransient<IRequestHandler<Rebuild.Request, Rebuild.Result>, Rebuild.Handler>();
        services.AddTransient<IRequestHandler<Doctor.Request, Doctor.Result>, Doctor.Handler>();
        services.AddTransient<IRequestHandler<Verify.Request, Verify.Result>, Verify.Handler>();
        services.AddTransient<IRequestHandler<NewKey.Request, NewKey.Result>, NewKey.Handler>();
        services.AddTransient<IRequestHandler<Attest.Request, Attest.Result>, Attest.Handler>();
        return services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true });
    }
}
