using System.Runtime.InteropServices;
using Ledger.Domain;
using Ledger.Domain.Editing;
using Ledger.Projections.Replay;

namespace Ledger.Projections.Tests.Replay;

public sealed class FloatingPointModeTests
{
    private const int MxcsrInFenv = 28, FlushToZero = 0x8000, DenormalsAreZero = 0x0040, RoundDown = 0x2000, RoundUp = 0x4000;

    [Theory]
    [InlineData(FlushToZero)]
    [InlineData(DenormalsAreZero)]
    [InlineData(RoundDown)]
    [InlineData(RoundUp)]
    [InlineData(RoundDown | RoundUp)]                                                       // towards zero
    public void A_thread_that_a_native_library_switched_is_refused(int mode)
    {
        RequireKnownLayout();
        var delta = new RankOneDelta(new Float32Vector([1f]), new Float32Vector([1f]));
        OnAThreadOfItsOwn(() =>
        {
            Switch(mode);
            Fold.Apply(new float[1], 1, 1, [delta], CancellationToken.None);
        }).ShouldBeOfType<FloatingPointModeException>();
    }

    [Fact]
    public void A_worker_that_was_switched_is_refused_though_the_fold_began_on_a_sound_thread()
    {
        RequireKnownLayout();
        var delta = new RankOneDelta(new Float32Vector([1f]), new Float32Vector(new float[6]));
        var switching = new WatchedDeltas([delta], read =>
        {
            if (read == 2) Switch(FlushToZero);             // packing r: after the first check, on the thread that then works beside the pool's
            if (read > 2) Thread.Sleep(100);                // a pool thread with one of the two panels: leave it the other
        });
        OnAThreadOfItsOwn(() => Fold.Apply(new float[6], 1, 6, switching, new FoldPlan(VectorWidth.Scalar, Threads: 2, EditsPerBlock: 1), CancellationToken.None))
            .ShouldBeOfType<FloatingPointModeException>();
    }

    private static void RequireKnownLayout()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
            Assert.Skip("switches the mode through the C library's fenv_t, whose layout this test knows on x64 Linux only");
    }

    /// <summary>The mode goes with the thread.</summary>
    private static Exception? OnAThreadOfItsOwn(Action action)
    {
        Exception? thrown = null;
        var thread = new Thread(() => thrown = Record.Exception(action));
        thread.Start();
        thread.Join();
        return thrown;
    }

    private static void Switch(int mode)
    {
        var environment = new byte[64];
        GetEnvironment(environment).ShouldBe(0);
        var mxcsr = MemoryMarshal.Read<int>(environment.AsSpan(MxcsrInFenv));
        MemoryMarshal.Write(environment.AsSpan(MxcsrInFenv), mxcsr | mode);
        SetEnvironment(environment).ShouldBe(0);
    }

    [DllImport("libm.so.6", EntryPoint = "fegetenv")]
    private static extern int GetEnvironment(byte[] environment);

    [DllImport("libm.so.6", EntryPoint = "fesetenv")]
    private static extern int SetEnvironment(byte[] environment);
}
