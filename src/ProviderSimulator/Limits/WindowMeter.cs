namespace Pipeline.ProviderSimulator.Limits;

/// <summary>A counter that starts again at every boundary of the clock: the fixed minute, and quantised limits of 1 or 10 seconds.</summary>
internal sealed class WindowMeter(int perMinute, TimeSpan window, DateTimeOffset start) : Meter
{
    private readonly long _phase = start.UtcTicks % window.Ticks;
    private long _window = -1;
    private double _used;

    public override int Limit => perMinute;

    public override double Capacity { get; } = Math.Max(1, Math.Floor((perMinute * window.TotalSeconds / 60) + Tolerance));

    public override TimeSpan WaitFor(double amount, long now) =>
        Used(now) + Math.Max(amount, 1) <= Capacity + Tolerance ? TimeSpan.Zero : Rest(now);

    public override void Take(double amount, long now) => _used = Math.Max(0, Used(now) + amount);

    public override double Used(long now)
    {
        long current = (now + _phase) / window.Ticks;
        if (current != _window)
        {
            (_window, _used) = (current, 0);
        }

        return _used;
    }

    public override BucketLevel Level(long now) => new(Limit, Math.Max(0, Capacity - Used(now)), Rest(now));

    private TimeSpan Rest(long now) => new(window.Ticks - ((now + _phase) % window.Ticks));
}
