namespace Ledger.Engine;

/// <summary>Placeholder</summary>
public static class Torch { public static string V() => TorchSharp.torch.ones(3).sum().item<float>().ToString(); }
