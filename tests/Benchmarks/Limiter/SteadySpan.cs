namespace Pipeline.Benchmarks.Limiter;

/// <summary>Whole minutes of the clock, which is what some providers count by.</summary>
internal static class SteadySpan
{
    private static readonly TimeProvider Time = TimeProvider.System;

    /// <summary>Waits for the first whole minute after the warm-up.</summary>
    public static async Task<DateTimeOffset> BeginAsync(TimeSpan warmUp, CancellationToken cancellationToken)
    {
        var earliest = Time.GetUtcNow() + warmUp;
        var from = new DateTimeOffset(earliest.Ticks - (earliest.Ticks % TimeSpan.TicksPerMinute) + TimeSpan.TicksPerMinute, TimeSpan.Zero);
        await UntilAsync(from, cancellationToken);
        return from;
    }

    public static async Task UntilAsync(DateTimeOffset at, CancellationToken cancellationToken)
    {
        var left = at - Time.GetUtcNow();
        if (left > TimeSpan.Zero)
        {
            await Task.Delay(left, cancellationToken);
        }
    }
}
