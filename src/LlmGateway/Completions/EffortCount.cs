using Pipeline.Contracts.Completions;

namespace Pipeline.LlmGateway.Completions;

/// <summary>Adds up what one request takes; one at a time, as its attempts are.</summary>
internal sealed class EffortCount
{
    private int _calls;
    private int _throttled;
    private TimeSpan _held;
    private TimeSpan _delayed;
    private TimeSpan _called;
    private string? _fallbackReason;
    private bool _circuitWasOpen;

    /// <summary>Since when it waits for its turn.</summary>
    public DateTimeOffset WaitsSince { get; set; }

    public void Held(TimeSpan duration) => _held += duration;

    public void Delayed(TimeSpan duration) => _delayed += duration;

    public void Called(TimeSpan duration)
    {
        _calls++;
        _called += duration;
    }

    public void Throttled() => _throttled++;

    public void CircuitOpen() => _circuitWasOpen = true;

    public void FellBack(string pool, string reason) => _fallbackReason = $"Pool '{pool}': {reason}";

    public CompletionEffort At(string? pool) => new()
    {
        Pool = pool,
        Calls = _calls,
        Throttled = _throttled,
        HeldMs = _held.TotalMilliseconds,
        RetryDelayMs = _delayed.TotalMilliseconds,
        CallMs = _called.TotalMilliseconds,
        FallbackReason = _fallbackReason,
        CircuitWasOpen = _circuitWasOpen,
    };
}
