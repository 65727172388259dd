using Ledger.Domain.Editing;

namespace Ledger.Domain.Tests.Editing;

public sealed class RankOneDeltaTests
{
    [Fact]
    public void The_digest_is_over_the_bytes_of_u_then_r()
    {
        var delta = new RankOneDelta(new([1f, 2f]), new([3f, 4f, 5f]));
        delta.Digest.ShouldBe(Digest.Of([.. delta.U.Bytes, .. delta.R.Bytes]));
        delta.Digest.ShouldNotBe(new RankOneDelta(new([1f, 2f]), new([3f, 4f, -5f])).Digest);
    }

    [Fact]
    public void Deltas_are_equal_by_bits() =>
        new RankOneDelta(new([float.NaN]), new([0f])).ShouldBe(new RankOneDelta(new([float.NaN]), new([0f])));
}
