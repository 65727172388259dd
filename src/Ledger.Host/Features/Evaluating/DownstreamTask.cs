using System.Collections.Immutable;
using Ledger.Projections.Evaluation;

namespace Ledger.Host.Features.Evaluating;

/// <summary>
/// A classification task that is asked as text: a few examples, the item, a cue behind which the answer stands. Wording, examples, the order in which answers are looked for and the labels
/// are those of the paper's published evaluation (scalable-model-editing/rebuilding-rome, glue_eval, MIT licence), so that figures can be put beside its own; of RTE, too, where "False" stands for the label 0 that GLUE
/// calls entailment.
/// </summary>
/// <param name="Name">Also the name of its file.</param>
/// <param name="Fields">The texts of an item.</param>
/// <param name="Examples">What stands before every item.</param>
/// <param name="Cue">What the answer follows.</param>
/// <param name="Answers">A word that an answer contains, and its label; the first one found counts.</param>
/// <param name="Question">An item's own text, from its fields.</param>
public sealed record DownstreamTask(
    string Name, ImmutableArray<string> Fields, string Examples, string Cue, ImmutableArray<(string Word, int Label)> Answers, Func<ImmutableArray<string>, string> Question)
{
    /// <summary>So many tokens are generated.</summary>
    public const int Tokens = 3;

    private static readonly ImmutableArray<(string, int)> YesOrNo = [("Yes", 1), ("No", 0)];

    public static ImmutableArray<DownstreamTask> All { get; } =
    [
        new("sst2", ["sentence"], Lines(
            "Review : excruciatingly unfunny and pitifully unromantic",
            "Sentiment : negative",
            "",
            "Review : rich veins of funny stuff in this movie",
            "Sentiment : positive",
            "",
            "Review : by far the worst movie of the year",
            "Sentiment : negative",
            "",
            "Review : fashioning an engrossing entertainment out",
            "Sentiment : positive",
            ""), "Sentiment :", [("positive", 1), ("negative", 0)], f => $"Review : {f[0]}\n"),
        new("mrpc", ["sentence1", "sentence2"], Lines(
            "Are the sentences paraphrases of each other.",
            "Sentence 1: Mr McDevitt has been granted control of three crucial aspects of policing in the Solomons.",
            "Sentence 2: Mr McDevitt has been granted control of three aspects of policing by Commissioner William Morrell.",
            "Answer: No",
            "",
            "Are the sentences paraphrases of each other.",
            "Sentence 1: They had published an advertisement on the Internet on June 10, offering the cargo for sale, he added.",
            "Sentence 2: On June 10, the ship's owners had published an advertisement on the Internet, offering the explosives for sale.",
            "Answer: Yes",
            "",
            "Are the sentences paraphrases of each other.",
            "Sentence 1: In 2002, Linksys overtook Cisco Systems as the leading wireless equipment vendor, accounting for 14.1 percent of revenue.",
            "Sentence 2: Rolfe said Linksys overtook Cisco Systems last year as the leading supplier of WLAN equipment.",
            "Answer: No",
            "",
            "Are the sentences paraphrases of each other.",
            "Sentence 1: The notification was first reported Friday by MSNBC.",
            "Sentence 2: MSNBC.com first reported the CIA request on Friday.",
            "Answer: Yes",
            "",
            "Are the sentences paraphrases of each other.",
            "Sentence 1: \"The anticipated global sales improvement in the month of June did not materialize\", said Chief Financial Officer Robert Rivet.",
            "Sentence 2: \"The anticipated global sales improvement in the month of June did not materialize as we had anticipated\", the company said.",
            "Answer: Yes",
            "",
            "Are the sentences paraphrases of each other.",
            "Sentence 1: That compared with $ 35.18 million, or 24 cents per share, in the year-ago period.",
            "Sentence 2: Earnings were affected by a non-recurring $8 million tax benefit in the year-ago period.",
            "Answer: No",
            ""), "Answer:", YesOrNo, f => $"Are the sentences paraphrases of each other.\nSentence 1: {f[0]}\nSentence 2: {f[1]}\n"),
        new("cola", ["sentence"], Lines(
            "Is this sentence linguistically acceptable?",
            "Sentence : Bill pushed Harry off the sofa for hours.",
            "Answer : No",
            "",
            "Is this sentence linguistically acceptable?",
            "Sentence : Bill floated down the river for hours.",
            "Answer : Yes",
            "",
            "Is this sentence linguistically acceptable?",
            "Sentence : It is important for the more you eat, the more careful you to be.",
            "Answer : No",
            "",
            "Is this sentence linguistically acceptable?",
            "Sentence : It is important for you to be more careful, the more you eat.",
            "Answer : Yes",
            "",
            "Is this sentence linguistically acceptable?",
            "Sentence : Mary will believe Susan, and you will Bob.",
            "Answer : Yes",
            "",
            "Is this sentence linguistically acceptable?",
            "Sentence : You will Bob believe.",
            "Answer : No",
            ""), "Answer :", YesOrNo, f => $"Is this sentence linguistically acceptable?\nSentence : {f[0]}\n"),
        new("rte", ["sentence1", "sentence2"], Lines(
            "Cyrus captured Babylon without a battle, and remedied the evils done by previous Assyrian and Babylonian rulers by sending prisoners in Babylonia back to their original homelands and aiding in the restoration of temples of the gods of various nations.",
            "question: Babylon surrendered to Cyrus without going to battle. True or False?",
            "answer: False",
            "",
            "Successful plaintiffs recovered punitive damages in Texas discrimination cases 53% of the time.",
            "question: Legal costs to recover punitive damages are a deductible business expense. True or False?",
            "answer: True",
            "",
            "The gastric bypass operation, also known as stomach stapling, has become the most common surgical procedure for treating obesity.",
            "question: Obesity is medically treated. True or False?",
            "answer: False",
            ""), "answer:", [("False", 0), ("True", 1)], f => $"{f[0]}\nquestion: {f[1]} True or False?\n"),
    ];

    /// <summary>What the model reads.</summary>
    public string Prompt(DownstreamItem item) => Examples + Question(item.Texts) + Cue;

    /// <summary>The label of what the model said behind the prompt, or <see cref="Classification.None"/>; only what follows the last cue counts.</summary>
    public int Label(string said)
    {
        var answer = said[(said.LastIndexOf(Cue, StringComparison.Ordinal) is var at and >= 0 ? at + Cue.Length : 0)..];
        foreach (var (word, label) in Answers)
            if (answer.Contains(word, StringComparison.Ordinal)) return label;
        return Classification.None;
    }

    private static string Lines(params string[] lines) => string.Concat(lines.Select(l => l + "\n"));
}

/// <param name="Texts">One for each of the task's fields.</param>
/// <param name="Label">0 or 1.</param>
public sealed record DownstreamItem(ImmutableArray<string> Texts, int Label);
