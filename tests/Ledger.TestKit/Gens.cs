using System.Collections.Immutable;
using CsCheck;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Domain.Events;
using Ledger.Domain.Gate;

namespace Ledger.TestKit;

/// <summary>
/// Generators of everything that can stand in an event, as nasty as the types allow: NaN payloads, −0, infinities, denormals, empty and odd
/// texts, now and then large vectors. What they make need not make sense, only be storable: texts hold no half of a surrogate pair.
/// </summary>
public static class Gens
{
    public static Gen<float> Float { get; } = Gen.Frequency(
        (3, Gen.Int.Select(BitConverter.Int32BitsToSingle)),
        (1, Gen.OneOf(
            0f, -0f, 1f, -1f, float.Epsilon, -float.Epsilon, float.MaxValue, float.MinValue, float.PositiveInfinity, float.NegativeInfinity, float.NaN,
            Bits(0x7f800001), Bits(0x7fc12345), Bits(0xffffffff), Bits(0x007fffff), Bits(0x80000001))));

    public static Gen<double> Double { get; } = Gen.Frequency(
        (3, Gen.Long.Select(BitConverter.Int64BitsToDouble)),
        (2, Gen.Double[-10, 10]),
        (1, Gen.OneOf(
            0d, -0d, double.Epsilon, -double.Epsilon, double.MaxValue, double.MinValue, double.PositiveInfinity, double.NegativeInfinity, double.NaN,
            0.1, 1e-7, 5e-324, 1.7976931348623157e308)));

    public static Gen<Float32Vector> Vector { get; } = Gen.Frequency(
        (40, Float.Array[0, 8]),
        (1, Float.Array[1000, 3000])).Select(values => new Float32Vector(values));

    public static Gen<string> Text { get; } = Gen.Frequency(
        (1, Gen.Const("")),
        (4, Gen.String[Gen.Char[' ', '~'], 0, 20]),
        (3, Rune().Array[0, 8].Select(runes => string.Concat(runes))),
        (1, Gen.OneOf(
            "{}", "\0", "\"\\/\b\f\n\r\t", "\u2028\u2029\u0085\ufeff", "é e\u0301", "\U0001d54f\U0001f469\u200d\U0001f52c", "\uffff\U0010ffff", "<script>&amp;'", "שלום عربى",
            "NaN", "-Infinity", "null", "Kraków – Nowa Huta", " leading and trailing ")));

    public static Gen<Digest> Digest { get; } = Gen.Byte.Array[Domain.Digest.Size].Select(bytes => new Digest(bytes));

    public static Gen<StateId> State { get; } = Digest.Select(d => new StateId(d));

    public static Gen<EditId> Edit { get; } = Bits128().Select(v => new EditId(v));

    public static Gen<LedgerId> LedgerId { get; } = Bits128().Select(v => new LedgerId(v));

    public static Gen<TimelineId> Timeline { get; } = Bits128().Select(v => new TimelineId(v));

    public static Gen<JobId> Job { get; } = Bits128().Select(v => new JobId(v));

    public static Gen<Variant> Variant { get; } = Enum<Variant>();

    public static Gen<EditRequest> Request { get; } =
        from a in Gen.Select(Text, Text, Text, Text.Null(), Text.Null())
        from b in Gen.Select(List(Text), List(Text))
        select new EditRequest(a.Item1, a.Item2, a.Item3, a.Item4, a.Item5, b.Item1, b.Item2);

    public static Gen<Hyperparameters> Hyperparameters { get; } =
        Gen.Select(Double, Gen.Int, Double, Double, Double, Double, (a, b, c, d, e, f) => new Hyperparameters(a, b, c, d, e, f));

    public static Gen<MatrixAddress> Matrix { get; } = Gen.Select(Gen.Int, Text, Gen.Int, Gen.Int, (a, b, c, d) => new MatrixAddress(a, b, c, d));

    public static Gen<Finding> Finding { get; } =
        Gen.Select(Text, Optional(Double), Optional(Double), Enum<FindingResult>(), Text, (a, b, c, d, e) => new Finding(a, b, c, d, e));

    public static Gen<Verdict> Verdict { get; } = Gen.Select(Enum<Outcome>(), Text, List(Finding), (a, b, c) => new Verdict(a, b, c));

    public static Gen<Signals> Signals { get; } =
        from variants in Gen.Select(Sizes(Domain.Editing.Variant.Rome), Sizes(Domain.Editing.Variant.RRome), Sizes(Domain.Editing.Variant.PRome))
        from loss in List(Gen.Select(Double, Double, Double, Double, Double, Double, (a, b, c, d, e, f) => new LossPoint(a, b, c, d, e, f)))
        from rest in Gen.Select(Variant, Double, Double, Score().Null(), Score().Null())
        from probes in List(Gen.Select(Text, Double, Double, (a, b, c) => new ProbeReading(a, b, c)))
        select new Signals(rest.Item1, [variants.Item1, variants.Item2, variants.Item3], rest.Item2, rest.Item3, loss, rest.Item4, rest.Item5, probes);

    public static Gen<EditSolution> Solution { get; } =
        Gen.Select(Vector, Vector, Vector, Vector, Enum<FactorU>(), (a, b, c, d, e) => new EditSolution(a, b, c, d, e));

    public static Gen<EditKeys> Keys { get; } =
        Gen.Select(Vector, Vector, Vector, Vector, Vector, Vector, (a, b, c, d, e, f) => new EditKeys(a, b, c, d, e, f));

    public static Gen<Provenance> Provenance { get; } = Gen.Select(Text, Text.Null(), Text.Null(), Optional(Edit), (a, b, c, d) => new Provenance(a, b, c, d));

    public static Gen<EditRecord> Record { get; } =
        from what in Gen.Select(Edit, Request, Variant, Matrix, Hyperparameters, Provenance)
        from made in Gen.Select(Digest, Digest, Optional(Gen.Long), Digest, Text)
        from found in Gen.Select(Keys, Solution, Signals, Verdict)
        from after in Gen.Select(State, Optional(Digest))
        select new EditRecord
        {
            Edit = what.Item1,
            Request = what.Item2,
            Variant = what.Item3,
            Matrix = what.Item4,
            Hyperparameters = what.Item5,
            Provenance = what.Item6,
            Base = made.Item1,
            Templates = made.Item2,
            TemplateSeed = made.Item3,
            KeyStatistics = made.Item4,
            Engine = made.Item5,
            Keys = found.Item1,
            Solution = found.Item2,
            Signals = found.Item3,
            Verdict = found.Item4,
            After = after.Item1,
            Fingerprint = after.Item2,
        };

    public static Gen<GatePolicy> Policy { get; } =
        from a in Gen.Select(Text, Gen.Int, List(Gen.Select(Text, Double, Enum<GateAction>(), (a, b, c) => new GateRule(a, b, c))))
        from probe in Gen.Select(List(Text), Gen.Int, Gen.Long, (a, b, c) => new GateProbe(a, b, c)).Null()
        from stream in List(Gen.Select(Text, Double, Gen.Int, Enum<GateAction>(), (a, b, c, d) => new StreamRule(a, b, c, d)))
        select new GatePolicy(a.Item1, a.Item2, a.Item3, probe, stream);

    public static Gen<ContextTemplates> Templates { get; } =
        Gen.Select(List(Text), List(List(Gen.Int)), Optional(Gen.Long), (a, b, c) => new ContextTemplates(a, b, c));

    public static Gen<KeyStatistics> Statistics { get; } =
        from a in Gen.Select(Digest, Enum<KeyStatisticsOrigin>(), Digest, List(Text), Text.Null())
        from b in Gen.Select(Optional(Gen.Long), Gen.Long, Optional(Gen.Int), Double, Gen.Int)
        select new KeyStatistics(a.Item1, a.Item2, a.Item3, a.Item4, a.Item5, b.Item1, b.Item2, b.Item3, b.Item4, b.Item5);

    /// <summary>Any instant from year 1 to 9999, in any offset.</summary>
    public static Gen<EventMetadata> Metadata { get; } =
        Gen.Select(Gen.Guid, Gen.DateTimeOffset, Text, Gen.Guid, Optional(Gen.Guid), Text, (a, b, c, d, e, f) => new EventMetadata(a, b, c, d, e, f));

    /// <summary>One generator for every event there is.</summary>
    public static IReadOnlyDictionary<Type, Gen<LedgerEvent>> Events { get; } = new Dictionary<Type, Gen<LedgerEvent>>
    {
        [typeof(LedgerOpened)] = Event(
            from a in Gen.Select(LedgerId, Text, Text, Matrix, Digest, Hyperparameters)
            from b in Gen.Select(Digest, Text, Text, Gen.Int, Gen.Long, Text)
            select new LedgerOpened(a.Item1, a.Item2, new BaseCheckpoint(b.Item1, b.Item2, b.Item3, b.Item4, b.Item5, b.Item6), a.Item3, a.Item4, a.Item5, a.Item6)),
        [typeof(ContextTemplatesDrawn)] = Event(Gen.Select(Templates, Digest, (a, b) => new ContextTemplatesDrawn(a, b))),
        [typeof(KeyStatisticsRecorded)] = Event(Statistics.Select(s => new KeyStatisticsRecorded(s))),
        [typeof(GatePolicySet)] = Event(Policy.Select(p => new GatePolicySet(p))),
        [typeof(TimelineStarted)] = Event(
            from a in Gen.Select(Timeline, Text, Text, Enum<TimelineOrigin>())
            from fork in Gen.Select(Timeline, Gen.Long, Digest, (p, r, h) => new Fork(p, r, h)).Null()
            select new TimelineStarted(a.Item1, a.Item2, fork, a.Item3, a.Item4)),
        [typeof(ReplayStarted)] = Event(
            from a in Gen.Select(Timeline, Timeline, Gen.Long, Gen.Long, Enum<ReplayMode>())
            from b in Gen.Select(Optional(Variant), List(Edit), List(Edit), Text.Null(), Gen.Bool)
            select new ReplayStarted(a.Item1, a.Item2, a.Item3, a.Item4, a.Item5, b.Item1, b.Item2, b.Item3, b.Item4, b.Item5)),
        [typeof(ReplayCompleted)] = Event(Gen.Select(Timeline, Gen.Long, State, Optional(Digest), Gen.Int, Gen.Int, (a, b, c, d, e, f) => new ReplayCompleted(a, b, c, d, e, f))),
        [typeof(TimelineClosed)] = Event(Gen.Select(Timeline, Text, (a, b) => new TimelineClosed(a, b))),
        [typeof(RevisionTagged)] = Event(Gen.Select(Text, Timeline, Gen.Long, (a, b, c) => new RevisionTagged(a, b, c))),
        [typeof(EditApplied)] = Event(Record.Select(r => new EditApplied(r))),
        [typeof(EditQuarantined)] = Event(Record.Select(r => new EditQuarantined(r))),
        [typeof(EditRejected)] = Event(Record.Select(r => new EditRejected(r))),
        [typeof(EditReleased)] = Event(
            from a in Gen.Select(Edit, Variant, Enum<ReleaseMode>(), Solution, Digest)
            from b in Gen.Select(Signals, Verdict, Text, State, Optional(Digest))
            select new EditReleased(a.Item1, a.Item2, a.Item3, a.Item4, a.Item5, b.Item1, b.Item2, b.Item3, b.Item4, b.Item5)),
        [typeof(EditDismissed)] = Event(Gen.Select(Edit, Text, (a, b) => new EditDismissed(a, b))),
        [typeof(EditWithheld)] = Event(Gen.Select(Edit, Text, List(Finding), State, Optional(Digest), (a, b, c, d, e) => new EditWithheld(a, b, c, d, e))),
        [typeof(EditReverted)] = Event(Gen.Select(Edit, Text, State, Optional(Digest), (a, b, c, d) => new EditReverted(a, b, c, d))),
        [typeof(EditReinstated)] = Event(Gen.Select(Edit, Text, State, Optional(Digest), (a, b, c, d) => new EditReinstated(a, b, c, d))),
        [typeof(TimelineMerged)] = Event(Taken().Select(t => new TimelineMerged(t.Source, t.Revision, t.Mode, t.Edits, t.Reason, t.After, t.Fingerprint))),
        [typeof(EditsCherryPicked)] = Event(Taken().Select(t => new EditsCherryPicked(t.Source, t.Revision, t.Mode, t.Edits, t.Reason, t.After, t.Fingerprint))),
        [typeof(EvaluationRecorded)] = Event(
            from a in Gen.Select(Timeline, Gen.Long, State, Digest, Text, Gen.Int, Text)
            from question in Gen.Select(Text, Digest, Gen.Int, Text, Optional(Gen.Long), (suite, data, items, settings, seed) => new EvaluationQuestion(suite, data, items, settings, seed))
            from results in List(Gen.Select(Text, List(Gen.Select(Text, Double, Gen.Long, (n, v, c) => new Measurement(n, v, c))), (name, measurements) => new EvaluatedItem(name, measurements)))
            select new EvaluationRecorded(a.Item1, a.Item2, a.Item3, a.Item4, question, a.Item5, a.Item6, results, a.Item7)),
        [typeof(StabilityObserved)] = Event(
            from a in Gen.Select(Timeline, Gen.Long, State, Text)
            from b in Gen.Select(List(Finding), List(Gen.Select(Text, Double, Double, (a, b, c) => new ProbeReading(a, b, c))), Text.Null())
            select new StabilityObserved(a.Item1, a.Item2, a.Item3, a.Item4, b.Item1, b.Item2, b.Item3)),
        [typeof(CollapseDetected)] = Event(
            from a in Gen.Select(Timeline, Gen.Long, Text, Text, Double, Double)
            from b in Gen.Select(Gen.Int, Edit, List(Edit))
            select new CollapseDetected(a.Item1, a.Item2, a.Item3, a.Item4, a.Item5, a.Item6, b.Item1, b.Item2, b.Item3)),
        [typeof(EditQueued)] = Event(Gen.Select(Job, Gen.Int, Timeline, Request, Variant, Provenance, Text, (a, b, c, d, e, f, g) => new EditQueued(a, b, c, d, e, f, g))),
        [typeof(ReplayQueued)] = Event(
            from a in Gen.Select(Job, Gen.Int, Text, Timeline, Gen.Long, Gen.Long, Enum<ReplayMode>())
            from b in Gen.Select(Optional(Variant), List(Edit), List(Edit), Text.Null(), Gen.Bool, Text, Text)
            select new ReplayQueued(a.Item1, a.Item2, a.Item3, a.Item4, a.Item5, a.Item6, a.Item7, b.Item1, b.Item2, b.Item3, b.Item4, b.Item5, b.Item6, b.Item7)),
        [typeof(EvaluationQueued)] = Event(
            from a in Gen.Select(Job, Gen.Int, Timeline, Gen.Long, DataFile().Null(), Text.Null(), Optional(Gen.Int))
            from b in Gen.Select(Gen.Bool, List(DataFile()), List(DataFile()), Gen.Bool, Gen.Long, Text)
            select new EvaluationQueued(a.Item1, a.Item2, a.Item3, a.Item4, a.Item5, a.Item6, a.Item7, b.Item1, b.Item2, b.Item3, b.Item4, b.Item5, b.Item6)),
        [typeof(JobDone)] = Event(Gen.Select(Job, Gen.Int, Text, Timeline, Gen.Long, Optional(Edit), Text, (a, b, c, d, e, f, g) => new JobDone(a, b, c, d, e, f, g))),
        [typeof(JobParked)] = Event(Gen.Select(Job, Gen.Int, Text, Text, (a, b, c, d) => new JobParked(a, b, c, d))),
    };

    /// <summary>Any event.</summary>
    public static Gen<LedgerEvent> Any { get; } = Gen.OneOf([.. Events.Values]);

    private static Gen<LedgerEvent> Event<T>(Gen<T> gen) where T : LedgerEvent => gen.Select(LedgerEvent (e) => e);

    private static Gen<ImmutableArray<T>> List<T>(Gen<T> item) => item.Array[0, 4].Select(items => items.ToImmutableArray());

    private static Gen<T?> Optional<T>(Gen<T> value) where T : struct => value.Nullable();

    private static Gen<T> Enum<T>() where T : struct, Enum => Gen.OneOf(System.Enum.GetValues<T>());

    private static Gen<UInt128> Bits128() => Gen.Select(Gen.ULong, Gen.ULong, (high, low) => new UInt128(high, low));

    private static Gen<VariantSignals> Sizes(Variant variant) => Gen.Select(Double, Double, Double, Double, (a, b, c, d) => new VariantSignals(variant, a, b, c, d));

    private static Gen<TargetScore> Score() => Gen.Select(Double, Optional(Double), (before, after) => new TargetScore(before, after));

    private static Gen<(TimelineId Source, long Revision, ReplayMode Mode, ImmutableArray<TakenEdit> Edits, string Reason, StateId After, Digest? Fingerprint)> Taken() =>
        Gen.Select(Timeline, Gen.Long, Enum<ReplayMode>(), List(TakenEdit()), Text, State, Optional(Digest));

    private static Gen<DataFile> DataFile() => Gen.Select(Text, Digest, (name, digest) => new DataFile(name, digest));

    private static Gen<TakenEdit> TakenEdit() =>
        from a in Gen.Select(Edit, Enum<Resolution>(), List(Edit), Digest)
        from b in Gen.Select(Enum<EditStatus>(), Variant, Digest, Double, List(Finding))
        select new TakenEdit(a.Item1, a.Item2, a.Item3, a.Item4, b.Item1, b.Item2, b.Item3, b.Item4, b.Item5);

    private static Gen<string> Rune() => Gen.Int[0, 0x10ffff - 0x800].Select(i => char.ConvertFromUtf32(i < 0xd800 ? i : i + 0x800));

    private static float Bits(uint bits) => BitConverter.UInt32BitsToSingle(bits);
}
