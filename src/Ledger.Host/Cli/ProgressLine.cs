namespace Ledger.Host.Cli;

/// <summary>One line on stderr that says how far, how fast and how long still; a line a minute where stderr is no terminal.</summary>
internal sealed class ProgressLine(Face face)
{
    private readonly long started = face.Time.GetTimestamp();
    private readonly bool live = ReferenceEquals(face.Err, Console.Error) && !Console.IsErrorRedirected;
    private TimeSpan shown;
    private (TimeSpan At, double Done)? first;
    private bool dirty;

    /// <param name="done">In any unit.</param>
    /// <param name="total">In the same.</param>
    /// <param name="what">What has been done so far, in words.</param>
    /// <param name="each">What is done one by one, to say how fast; null where the unit means nothing to a person.</param>
    public void Show(double done, double total, string what, string? each = null)
    {
        var elapsed = face.Time.GetElapsedTime(started);
        first ??= (elapsed, done);
        if (elapsed - shown < (live ? TimeSpan.FromMilliseconds(250) : TimeSpan.FromMinutes(1))) return;
        shown = elapsed;
        var rate = (done - first.Value.Done) / Math.Max((elapsed - first.Value.At).TotalSeconds, 1e-9);
        var pace = rate > 0 && each is not null ? $", {Say.Rate(rate, each)}" : "";
        var left = rate > 0 ? $", {Say.Seconds((total - done) / rate)} left" : "";
        var text = $"  {100 * done / Math.Max(total, 1):0}%  {what}, {Say.Seconds(elapsed.TotalSeconds)}{pace}{left}";
        if (live) face.Err.Write($"\r{text,-78}");
        else face.Err.WriteLine(text);
        dirty = live;
    }

    /// <summary>So much was there already: it does not count for the rate.</summary>
    public void Skip(double done) => first = (face.Time.GetElapsedTime(started), done);

    public void Clear()
    {
        if (dirty) face.Err.Write($"\r{"",-78}\r");
        dirty = false;
    }
}
