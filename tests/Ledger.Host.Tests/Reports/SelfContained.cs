using System.Xml.Linq;

namespace Ledger.Host.Tests.Reports;

internal static class SelfContained
{
    private static readonly string[] Allowed = ["svg", "g", "path", "rect", "ellipse", "text", "title", "clipPath", "html", "head", "meta", "style", "body", "h1", "h2", "p", "table", "caption", "thead", "tbody", "tr", "th", "td", "figure", "figcaption"];

    /// <summary>Nothing that a browser would fetch, run or follow.</summary>
    public static void Check(XElement root)
    {
        foreach (var element in root.DescendantsAndSelf())
        {
            element.Name.LocalName.ShouldBeOneOf(Allowed);
            foreach (var attribute in element.Attributes().Where(a => !a.IsNamespaceDeclaration))
            {
                attribute.Name.LocalName.ShouldNotBeOneOf("href", "src", "srcset", "action", "data", "style");
                attribute.Name.LocalName.ShouldNotStartWith("on");
                if (attribute.Value.Contains("url(")) attribute.Value.ShouldStartWith("url(#");
                attribute.Value.ShouldNotContain("://");
            }
            if (element.Name.LocalName == "style") element.Value.ShouldSatisfyAllConditions(css => css.ShouldNotContain("url("), css => css.ShouldNotContain("@import"), css => css.ShouldNotContain("//"));
        }
        // What is referred to is there; where several drawings have the same frame, under the same id.
        var ids = root.Descendants().Attributes("id").Select(a => a.Value).ToArray();
        root.Descendants().Attributes().Where(a => a.Value.StartsWith("url(#", StringComparison.Ordinal)).Select(a => a.Value[5..^1]).ShouldBeSubsetOf(ids);
    }
}
