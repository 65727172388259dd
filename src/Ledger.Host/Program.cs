Console.WriteLine(Ledger.Engine.Torch.V());
