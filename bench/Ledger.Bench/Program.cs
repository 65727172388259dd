using Ledger.Bench;

return args switch
{
    ["fold", .. var rest] => FoldBench.Run(rest),
    ["projections", .. var rest] => ProjectionsBench.Run(rest),
    ["encoding", .. var rest] => EncodingBench.Run(rest),
    ["states"] => StateBench.Run(),
    ["edit", .. var rest] => await EditBench.RunAsync(rest),
    ["memory", .. var rest] => await MemoryBench.RunAsync(rest),
    ["memory-of", .. var rest] => await MemoryBench.OneAsync(rest),
    ["growth", .. var rest] => await GrowthBench.RunAsync(rest),
    ["branch", .. var rest] => await BranchBench.RunAsync(rest),
    ["audit", .. var rest] => await AuditBench.RunAsync(rest),
    ["server", .. var rest] => await ServerBench.RunAsync(rest),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: Ledger.Bench fold [EDITS] | projections [EDITS] | encoding | states | edit LEDGER RECORDS [COUNT] | memory MODEL LAYER | growth [EDITS] | branch | audit | server ADDRESS [EVENTS]");
    return 2;
}
