namespace Ledger.Engine.Tokenizing;

/// <summary>One step of a pre-tokenizer. Each step sees each piece that the one before it left alone, as if the text began and ended with it.</summary>
internal interface ITextCut
{
    /// <param name="text">Not empty, without halves of surrogate pairs.</param>
    /// <returns>The pieces in order, none of them empty.</returns>
    IEnumerable<string> Cut(string text);
}
