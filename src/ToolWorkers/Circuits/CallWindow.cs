namespace Pipeline.ToolWorkers.Circuits;

/// <summary>Counts calls over a sliding window of time, in ten slices. Not thread-safe: the circuit's lock is around it.</summary>
internal sealed class CallWindow(TimeProvider time)
{
    private const int SliceCount = 10;

    private readonly Slice[] _slices = new Slice[SliceCount];

    /// <summary>Counts a call that ended, or that is known to be slow although it has not ended.</summary>
    public void AddCall(TimeSpan window, bool failed, bool slow)
    {
        ref var slice = ref Current(window);
        slice.Calls++;
        slice.Failed += failed ? 1 : 0;
        slice.Slow += slow ? 1 : 0;
    }

    /// <summary>A call that was counted as slow has failed as well.</summary>
    public void AddFailureOfSlowCall(TimeSpan window) => Current(window).Failed++;

    public (int Calls, double FailureRatio, double SlowRatio) Read(TimeSpan window)
    {
        var now = Number(window);
        var (calls, failed, slow) = (0, 0, 0);
        foreach (var slice in _slices)
        {
            if (now - slice.Number < SliceCount)
            {
                calls += slice.Calls;
                failed += slice.Failed;
                slow += slice.Slow;
            }
        }

        // A slow call's failure may be counted in a later slice than the call itself.
        return calls == 0 ? (0, 0, 0) : (calls, Math.Min(1, (double)failed / calls), (double)slow / calls);
    }

    public void Clear() => Array.Clear(_slices);

    private ref Slice Current(TimeSpan window)
    {
        var number = Number(window);
        ref var slice = ref _slices[(int)(number % SliceCount)];
        if (slice.Number != number)
        {
            slice = new Slice { Number = number };
        }

        return ref slice;
    }

    // The timestamp and not the clock: setting the clock back must not bring old calls back.
    private long Number(TimeSpan window) => (long)(time.GetElapsedTime(0).Ticks / (window.Ticks / (double)SliceCount)) + SliceCount;

    private struct Slice
    {
        public long Number;
        public int Calls;
        public int Failed;
        public int Slow;
    }
}
