using Ledger.Bench;

return args switch
{
    ["fold", .. var rest] => FoldBench.Run(rest),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: Ledger.Bench fold [EDITS]");
    return 2;
}
