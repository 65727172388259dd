namespace Ledger.Projections; public static class P { }
