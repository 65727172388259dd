using Ledger.Bench;

return args switch
{
    ["fold", .. var rest] => FoldBench.Run(rest),
    ["encoding", .. var rest] => EncodingBench.Run(rest),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: Ledger.Bench fold [EDITS] | encoding");
    return 2;
}
