using Ledger.Domain.Editing;

namespace Ledger.Domain.Tests.Editing;

public sealed class ContextTemplatesTests
{
    [Fact]
    public void The_digest_is_over_each_texts_length_and_bytes()
    {
        ContextTemplates.Given(["{}", "é. {}"]).Digest.ShouldBe(Digest.Of([2, 0, 0, 0, .. "{}"u8, 6, 0, 0, 0, .. "é. {}"u8]));
        ContextTemplates.Given(["ab", "c"]).Digest.ShouldNotBe(ContextTemplates.Given(["a", "bc"]).Digest);
    }
}
