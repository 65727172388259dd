using System.Text;
using CsCheck;
using Ledger.Engine.Tokenizing;
using Ledger.TestKit;

namespace Ledger.Engine.Tests.Tokenizing;

/// <summary>Expected forms are those of the Unicode standard's own examples (UAX #15, chapters 3.12 and 3.11).</summary>
public sealed class NfcTests
{
    [Theory]
    [InlineData("e\u0301", "\u00e9")]                       // put together
    [InlineData("\u1e69", "\u1e69")]
    [InlineData("s\u0323\u0307", "\u1e69")]                 // two marks
    [InlineData("s\u0307\u0323", "\u1e69")]                 // in the other order
    [InlineData("\u1e0b\u0323", "\u1e0d\u0307")]            // taken apart first: the mark below binds before the one above
    [InlineData("q\u0307\u0323", "q\u0323\u0307")]          // ordered, though nothing is put together
    [InlineData("a\u0301\u0301", "\u00e1\u0301")]           // the second of one class stays
    [InlineData("\u212b", "\u00c5")]                        // ångström sign, a letter
    [InlineData("\u2126", "\u03a9")]
    [InlineData("\u1100\u1161", "\uac00")]                  // Hangul
    [InlineData("\u1112\u1161\u11ab", "\ud55c")]
    [InlineData("\uac00\u11a8", "\uac01")]
    [InlineData("\uac01\u11a8", "\uac01\u11a8")]
    [InlineData("\u0958", "\u0915\u093c")]                  // taken apart for good
    [InlineData("\ufa1e", "\u7fbd")]
    [InlineData("\ud834\udd5e", "\ud834\udd57\ud834\udd65")] // beyond U+FFFF
    [InlineData("\ud804\udc99\ud804\udcba", "\ud804\udc9a")]
    [InlineData("\u0301e", "\u0301e")]                      // a mark with nothing before it
    [InlineData("\ufb01 \u00b2", "\ufb01 \u00b2")]          // compatibility is not form C's
    [InlineData("", "")]
    [InlineData("plain text, naïve", "plain text, naïve")]
    public void A_text_is_brought_to_form_C(string text, string form) => Nfc.Of(text).ShouldBe(form);

    [Fact]
    public void The_form_of_the_form_is_itself() =>
        Gen.OneOf(Gens.Text.Select(t => string.Concat(t.EnumerateRunes())), Gen.String[Gen.Char["aes\u0301\u0323\u0307\u0315\u1100\u1161\u11a8\uac00\u0915\u093c\u212b"], 0, 12])
            .Sample(text => Nfc.Of(Nfc.Of(text)).ShouldBe(Nfc.Of(text)), iter: 3000);

    [Fact]
    public void Marks_of_different_classes_may_stand_in_any_order() =>
        Gen.Shuffle("\u0301\u0323\u0327\u0345".ToCharArray()).Sample(marks => Nfc.Of("a" + new string(marks)).ShouldBe(Nfc.Of("a\u0301\u0323\u0327\u0345")));

    /// <summary>Why the program has its own: if this fails, .NET has learnt it.</summary>
    [Fact]
    public void Without_ICU_dotnet_leaves_a_text_as_it_is() => "e\u0301".Normalize(NormalizationForm.FormC).ShouldBe("e\u0301");
}
