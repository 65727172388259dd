using System.Runtime.InteropServices;
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
    public void A_thread_that_a_native_library_switched_is_recognised(int mode)
    {
        RequireKnownLayout();
        FloatingPointModeException.IsIeee().ShouldBeTrue();
        // Nothing but the question while the mode is switched: a thread that is started meanwhile, by whomever, would inherit it for good.
        var environment = Read();
        var switched = (byte[])environment.Clone();
        MemoryMarshal.Write(switched.AsSpan(MxcsrInFenv), MemoryMarshal.Read<int>(environment.AsSpan(MxcsrInFenv)) | mode);
        SetEnvironment(environment);
        SetEnvironment(switched);
        var recognised = !FloatingPointModeException.IsIeee();
        SetEnvironment(environment);
        recognised.ShouldBeTrue();
        FloatingPointModeException.IsIeee().ShouldBeTrue();
    }

    private static void RequireKnownLayout()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
            Assert.Skip("switches the mode through the C library's fenv_t, whose layout this test knows on x64 Linux only");
    }

    private static byte[] Read()
    {
        var environment = new byte[64];
        GetEnvironment(environment).ShouldBe(0);
        return environment;
    }

    [DllImport("libm.so.6", EntryPoint = "fegetenv")]
    private static extern int GetEnvironment(byte[] environment);

    [DllImport("libm.so.6", EntryPoint = "fesetenv")]
    private static extern int SetEnvironment(byte[] environment);
}
