namespace Ledger.Engine.Tests.Support;

/// <summary>Progress that is heard at once, on the thread that reports it.</summary>
internal sealed class Told<T>(Action<T>? then = null) : List<T>, IProgress<T>
{
    public void Report(T value)
    {
        Add(value);
        then?.Invoke(value);
    }
}
