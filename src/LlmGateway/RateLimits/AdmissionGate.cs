namespace Pipeline.LlmGateway.RateLimits;

/// <summary>
/// Where requests of one pool wait for their turn: one slot of the concurrency, one request and the estimated tokens of the buckets,
/// all or nothing, first come first served. Holds, never rejects; the callers' deadlines and the queue's prefetch bound what waits here.
/// After a 429 the gate stays shut as long as the provider asked, then lets one request through as a probe before all others.
/// </summary>
internal sealed class AdmissionGate : IDisposable
{
    private static readonly TimeSpan LongestSleep = TimeSpan.FromHours(1);

    private readonly TimeProvider _time;
    private readonly RefillBucket? _requests;
    private readonly RefillBucket? _tokens;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly SemaphoreSlim _slots;
    private readonly Lock _lock = new();
    private DateTimeOffset _pausedUntil = DateTimeOffset.MinValue;
    private bool _recovering;
    private bool _probing;
    private TaskCompletionSource _changed = NewSignal();

    public AdmissionGate(int concurrency, int requestsPerMinute, int tokensPerMinute, TimeSpan burst, TimeProvider time)
    {
        _time = time;
        _slots = new SemaphoreSlim(concurrency, concurrency);
        TokensPerMinute = tokensPerMinute;
        _requests = requestsPerMinute > 0 ? new RefillBucket(requestsPerMinute, burst, time) : null;
        _tokens = tokensPerMinute > 0 ? new RefillBucket(tokensPerMinute, burst, time) : null;
    }

    /// <summary>The provider's limit; a request above it would be refused for ever. 0 is no limit.</summary>
    public int TokensPerMinute { get; }

    /// <summary>Waits for the request's turn.</summary>
    /// <returns>The lease to dispose when the call has ended; null where a pause lasts beyond <paramref name="deadline"/>.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled, e.g. because the deadline passed.</exception>
    public async Task<AdmissionLease?> EnterAsync(long estimatedTokens, DateTimeOffset deadline, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await _slots.WaitAsync(cancellationToken);
            AdmissionLease? lease = null;
            try
            {
                lease = await TakeTokensAsync(estimatedTokens, deadline, cancellationToken);
                return lease;
            }
            finally
            {
                if (lease is null)
                {
                    _slots.Release();
                }
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Shuts the gate; a pause is never shortened.</summary>
    public void PauseFor(TimeSpan pause)
    {
        lock (_lock)
        {
            var until = _time.GetUtcNow() + pause;
            _pausedUntil = until > _pausedUntil ? until : _pausedUntil;
            _recovering = true;
            Signal();
        }
    }

    public void Dispose()
    {
        _turn.Dispose();
        _slots.Dispose();
    }

    /// <summary>A call has ended.</summary>
    /// <param name="lease">What it was admitted with.</param>
    /// <param name="unusedTokens">What the estimate took too much; negative for too little.</param>
    /// <param name="sent">False where no call was made after all: everything is given back.</param>
    /// <param name="answered">True where the provider answered: a probe that was lets the others follow.</param>
    internal void Leave(AdmissionLease lease, long unusedTokens, bool sent, bool answered)
    {
        lock (_lock)
        {
            _tokens?.Return(unusedTokens);
            if (!sent)
            {
                _requests?.Return(1);
            }

            if (lease.IsProbe)
            {
                _probing = false;
                _recovering = !answered || _pausedUntil > _time.GetUtcNow();
            }

            Signal();
        }

        _slots.Release();
    }

    private async Task<AdmissionLease?> TakeTokensAsync(long estimatedTokens, DateTimeOffset deadline, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            TimeSpan wait;
            lock (_lock)
            {
                if (_pausedUntil >= deadline)
                {
                    return null;
                }

                wait = Wait(estimatedTokens);
                if (wait == TimeSpan.Zero)
                {
                    _requests?.Take(1);
                    _tokens?.Take(estimatedTokens);
                    _probing = _recovering;
                    return new AdmissionLease(this, estimatedTokens, _recovering);
                }

                changed = _changed.Task;
            }

            using var wake = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(changed, Task.Delay(wait, _time, wake.Token));
            await wake.CancelAsync();
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private TimeSpan Wait(long estimatedTokens)
    {
        if (_probing)
        {
            return Timeout.InfiniteTimeSpan;
        }

        var wait = _pausedUntil - _time.GetUtcNow();
        wait = Longer(wait, _requests?.WaitFor(1) ?? TimeSpan.Zero);
        wait = Longer(wait, _tokens?.WaitFor(estimatedTokens) ?? TimeSpan.Zero);

        // Timers count whole milliseconds and drop the rest: round up, or the last fraction is waited for by spinning.
        // They also take no more than some weeks, which a large debt of a small bucket exceeds; the caller's loop looks again.
        return wait <= TimeSpan.Zero ? TimeSpan.Zero
            : wait >= LongestSleep ? LongestSleep
            : TimeSpan.FromMilliseconds(Math.Ceiling(wait.TotalMilliseconds));
    }

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;

    // Called with the lock held.
    private void Signal()
    {
        _changed.TrySetResult();
        _changed = NewSignal();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
