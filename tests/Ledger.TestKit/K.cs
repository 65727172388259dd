namespace Ledger.TestKit; public static class K { }
