using Microsoft.Extensions.Options;
using Pipeline.LlmGateway.Holding;
using Pipeline.LlmGateway.Ownership;
using Pipeline.LlmGateway.Pools;
using Pipeline.LlmGateway.Providers;
using Pipeline.LlmGateway.RateLimits;

namespace Pipeline.LlmGateway.Completions;

/// <summary>
/// Decides which held request goes now. One loop for a group of domains: it wakes on a signal or when the earliest token, pause or deadline is
/// due, and never polls. All of queue and limits is behind one lock, which is held for decisions only.
/// </summary>
internal sealed class Dispatcher(
    DomainGroup group, GroupLimits limits, ModelPoolCatalog pools, RetryPolicy retries, IOptions<HoldQueueOptions> holding, CompletionMetrics metrics, TimeProvider time, ILogger<Dispatcher> logger)
{
    // Timers take no more than some weeks; looking once an hour for nothing costs nothing.
    private static readonly TimeSpan LongestSleep = TimeSpan.FromHours(1);

    private static readonly TimeSpan KeyRecheck = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly HoldQueue _queue = new(holding.Value, time);
    private readonly Dictionary<CompletionKey, EffortCount> _efforts = [];
    private readonly Dictionary<string, DrainRate> _drains = group.Pools.ToDictionary(x => x, _ => new DrainRate(time), StringComparer.Ordinal);
    private readonly List<string> _open = [];
    private readonly HashSet<LimitDomain> _blocked = [];
    private readonly List<Action> _outcomes = [];
    private TaskCompletionSource _changed = New();
    private TaskCompletionSource _roomMade = New();

    /// <summary>Called for each request that goes now; must not wait.</summary>
    public required Action<Admitted> Start { get; init; }

    /// <summary>Called for each request that ends without a call; must not wait.</summary>
    public required Action<HeldRequest, string, ModelFailure, EffortCount> Refuse { get; init; }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            Task changed;
            TimeSpan sleep;
            lock (_lock)
            {
                changed = _changed.Task;
                sleep = Step();
            }

            foreach (var outcome in _outcomes)
            {
                outcome();
            }

            _outcomes.Clear();
            using var wake = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(changed, Task.Delay(sleep, time, wake.Token));
            await wake.CancelAsync();
        }
    }

    /// <summary>Takes a request that is stored.</summary>
    public void Add(HeldRequest request)
    {
        lock (_lock)
        {
            if (_queue.Add(request))
            {
                Signal();
            }
        }
    }

    /// <summary>Waits until another request may be held.</summary>
    public async Task RoomAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task made;
            lock (_lock)
            {
                if (!_queue.IsFull)
                {
                    return;
                }

                made = _roomMade.Task;
            }

            await made.WaitAsync(cancellationToken);
        }
    }

    /// <summary>A call has ended: what it took is settled before the next decision.</summary>
    /// <returns>What was settled; null where what was reserved stays taken.</returns>
    public Charge? Ended(Admitted call, ModelOutcome outcome)
    {
        lock (_lock)
        {
            var settled = Settle(call, outcome);
            if (outcome.Headers is { } headers && outcome is not ModelFailure { Kind: ModelFailureKind.Throttled or ModelFailureKind.SlowDown })
            {
                call.Domain.Observe(headers);
            }

            Signal();
            return settled;
        }
    }

    // Called with the lock held.
    private Charge? Settle(Admitted call, ModelOutcome outcome)
    {
        var (domain, reservation) = (call.Domain, call.Reservation);
        if (outcome is ModelAnswer answer)
        {
            _drains[call.Request.AskedPool].Count();
            return domain.Settle(reservation, answer.ChargedTokens - answer.Usage.OutputTokens, answer.Usage.OutputTokens);
        }

        var failure = (ModelFailure)outcome;
        switch (FailureTable.Of(failure.Kind).Limits)
        {
            case LimitEffect.NotSent:
                domain.Cancel(reservation);
                return default(Charge);

            case LimitEffect.Refused:
                return domain.Settle(reservation, 0, 0);

            case LimitEffect.Billed when failure.Usage is { } usage:
                return domain.Settle(reservation, usage.InputTokens - usage.CachedInputTokens, usage.OutputTokens);

            // Without a status it is our own word, for a request that was not sent.
            case LimitEffect.Throttled or LimitEffect.SlowDown when failure.Status is not null:
                call.Request.Throttled++;
                var pause = retries.Delay(call.Request.Throttled, failure.RetryAfter);
                if (FailureTable.Of(failure.Kind).Limits == LimitEffect.SlowDown)
                {
                    domain.SlowDown(reservation, pause);
                    metrics.Throttled(call.Pool.Name, "own");
                }
                else
                {
                    metrics.Throttled(call.Pool.Name, domain.Throttled(reservation, failure.Headers, pause) == ThrottleCause.Foreign ? "external" : "own");
                }

                logger.PoolThrottled(call.Request.InvocationId, call.Request.Turn, call.Pool.Name, pause.TotalMilliseconds, failure.Reason);
                return default(Charge);

            default:
                domain.Abandon(reservation, reached: failure.Status is < 500);
                return null;
        }
    }

    /// <summary>A call was not made after all: everything is given back.</summary>
    public void NotSent(Admitted call)
    {
        lock (_lock)
        {
            call.Domain.Cancel(call.Reservation);
            Signal();
        }
    }

    /// <summary>A call did not bring the answer: the request waits again.</summary>
    public void Return(Admitted call, string pool, TimeSpan wait)
    {
        var request = call.Request;
        var now = time.GetUtcNow();
        request.NotBefore = wait > TimeSpan.Zero ? now + wait : default;
        if (request.Pool != pool)
        {
            (request.Pool, request.Failed, request.Throttled) = (pool, 0, 0);
        }

        call.Effort.Delayed(wait);
        call.Effort.WaitsSince = now + wait;
        Add(request);
    }

    /// <summary>The request has its answer: nothing more is known of it here.</summary>
    public void Forget(CompletionKey key)
    {
        lock (_lock)
        {
            _efforts.Remove(key);
        }
    }

    /// <summary>Enters what the domains' calls took before.</summary>
    public void Restore(IEnumerable<(string Domain, PastCharge Charge)> charges)
    {
        lock (_lock)
        {
            foreach (var domain in charges.GroupBy(x => x.Domain, StringComparer.Ordinal))
            {
                limits.Domains.FirstOrDefault(x => x.Name == domain.Key)?.Restore(domain.Select(x => x.Charge));
            }
        }
    }

    public GroupSnapshot Snapshot()
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            var held = _queue.All.GroupBy(x => x.AskedPool).ToDictionary(
                x => x.Key,
                x => new PoolBacklog(
                    x.Key, x.Count(y => y.IsInteractive), x.Count(y => !y.IsInteractive), now - x.Min(y => y.EnqueuedAt), _drains[x.Key].Expected(x.Count())),
                StringComparer.Ordinal);
            return new GroupSnapshot([.. limits.Domains.Select(x => x.Snapshot())], [.. group.Pools.Select(x => held.GetValueOrDefault(x) ?? new PoolBacklog(x, 0, 0, TimeSpan.Zero, TimeSpan.Zero))]);
        }
    }

    /// <summary>What waits, by the pool that was asked, and for how long a new one would.</summary>
    public int Held
    {
        get
        {
            lock (_lock)
            {
                return _queue.Count;
            }
        }
    }

    // Called with the lock held.
    private TimeSpan Step()
    {
        foreach (var expired in _queue.TakeExpired())
        {
            End(expired, expired.Pool, retries.Expired(expired));
        }

        _open.Clear();
        _open.AddRange(group.Pools);
        _blocked.Clear();
        var sleep = LongestSleep;
        while (_open.Count > 0 && _queue.Peek(_open) is { } request)
        {
            if (!Decide(request, ref sleep))
            {
                // Nobody overtakes it at the limits that it waits for.
                _open.RemoveAll(IsBlocked);
            }
        }

        if (_queue.NextChange() is { } change && change - time.GetUtcNow() < sleep)
        {
            sleep = change - time.GetUtcNow();
        }

        if (!_queue.IsFull)
        {
            _roomMade.TrySetResult();
            _roomMade = New();
        }

        // Timers count whole milliseconds and drop the rest: round up, or the last fraction is waited for by spinning.
        return sleep <= TimeSpan.Zero ? TimeSpan.Zero : TimeSpan.FromMilliseconds(Math.Ceiling(sleep.TotalMilliseconds));
    }

    /// <returns>False where it has to wait for its limits.</returns>
    private bool Decide(HeldRequest request, ref TimeSpan sleep)
    {
        var pool = pools.Find(request.Pool)!;
        if (pool.Circuit.OpenFor is { } openFor)
        {
            EffortOf(request).CircuitOpen();
            if (pool.Fallback is null && time.GetUtcNow() + openFor < request.Deadline)
            {
                // Held, not refused: the circuit's probe comes before the deadline.
                sleep = openFor < sleep ? openFor : sleep;
                _open.Remove(pool.Name);
                return false;
            }

            Fails(request, pool, new ModelFailure(ModelFailureKind.CircuitOpen, "The pool's circuit is open after repeated failures.") { RetryAfter = openFor });
            return true;
        }

        if (retries.FitsOnlyElsewhere(request, pool))
        {
            Fails(request, pool, new ModelFailure(
                ModelFailureKind.ContextExceeded, $"The request is estimated at {request.PromptTokens} tokens and asks for {request.MaxOutputTokens}; the model's context is {pool.ContextTokens}."));
            return true;
        }

        var domains = limits.Of(pool.Name);
        var first = limits.FirstOf(pool.Name);
        string? neverFits = null;
        var (anyKey, anyFits) = (false, false);
        var maxOutput = pool.Estimates.MaxOutput(request.Agent, request.MaxOutputTokens);
        for (var i = 0; i < domains.Length; i++)
        {
            var turn = (first + i) % domains.Length;
            var (domain, ring) = (domains[turn], pool.Keys[turn]);
            if (!ring.HasUsable)
            {
                continue;
            }

            anyKey = true;
            var charge = domain.ChargeOf(request.PromptTokens, maxOutput, pool.Estimates.ExpectedOutput(request.Agent, maxOutput));
            if (domain.NeverFits(charge) is { } reason)
            {
                neverFits = reason;
                continue;
            }

            anyFits = true;
            if (domain.TryReserve(charge, out var wait) is { } reservation)
            {
                if (ring.Choose() is { } key)
                {
                    Take(new Admitted(request, pool, domain, reservation, ring, key, maxOutput, EffortOf(request)), charge);
                    return true;
                }

                // Its last key went out of use since it was looked at, or one call tries it for all others.
                domain.Cancel(reservation);
                sleep = KeyRecheck < sleep ? KeyRecheck : sleep;
                continue;
            }

            if (wait != Timeout.InfiniteTimeSpan && wait < sleep)
            {
                sleep = wait;
            }
        }

        if (!anyKey)
        {
            Fails(request, pool, new ModelFailure(ModelFailureKind.CredentialsExhausted, "No key is usable: all were refused, or their money is spent. The log says which, GET /llm shows them."));
            return true;
        }

        if (!anyFits)
        {
            Fails(request, pool, new ModelFailure(ModelFailureKind.TooLarge, neverFits!));
            return true;
        }

        if (PausedUntil(domains) >= request.Deadline)
        {
            Fails(request, pool, new ModelFailure(ModelFailureKind.Throttled, "The provider asked to wait beyond the request's deadline."));
            return true;
        }

        foreach (var domain in domains)
        {
            _blocked.Add(domain);
        }

        return false;
    }

    private DateTimeOffset PausedUntil(ReadOnlySpan<LimitDomain> domains)
    {
        var shortest = TimeSpan.MaxValue;
        foreach (var domain in domains)
        {
            shortest = domain.PausedFor < shortest ? domain.PausedFor : shortest;
        }

        return time.GetUtcNow() + shortest;
    }

    private bool IsBlocked(string pool)
    {
        foreach (var domain in limits.Of(pool))
        {
            if (!_blocked.Contains(domain))
            {
                return false;
            }
        }

        return true;
    }

    private void Take(Admitted admitted, in Charge charge)
    {
        _queue.Take(admitted.Request, charge.AtArrival.Tokens + charge.AsProduced.Tokens);
        var held = time.GetUtcNow() - admitted.Effort.WaitsSince;
        admitted.Effort.Held(held);
        metrics.Admitted(admitted.Pool.Name, held);
        _outcomes.Add(() => Start(admitted));
    }

    /// <summary>An attempt that ended before it was sent.</summary>
    private void Fails(HeldRequest request, ModelPool pool, ModelFailure failure)
    {
        _queue.TakeOut(request.InvocationId, request.Turn);
        switch (retries.Decide(request, pool, failure))
        {
            case NextStep.TryAgain again:
                logger.AttemptFailed(request.InvocationId, request.Turn, pool.Name, failure.Kind, again.Wait.TotalMilliseconds, failure.Reason);
                EffortOf(request).Delayed(again.Wait);
                EffortOf(request).WaitsSince = request.NotBefore = time.GetUtcNow() + again.Wait;
                _queue.Add(request);
                break;

            case NextStep.FallBack next:
                logger.FellBack(request.InvocationId, request.Turn, pool.Name, next.Pool, failure.Reason);
                EffortOf(request).FellBack(pool.Name, failure.Reason);
                (request.Pool, request.Failed, request.Throttled, request.NotBefore) = (next.Pool, 0, 0, default);
                _queue.Add(request);
                break;

            default:
                End(request, pool.Name, failure);
                break;
        }
    }

    private void End(HeldRequest request, string pool, ModelFailure failure)
    {
        var effort = EffortOf(request);
        if (time.GetUtcNow() > effort.WaitsSince)
        {
            effort.Held(time.GetUtcNow() - effort.WaitsSince);
        }

        _outcomes.Add(() => Refuse(request, pool, failure, effort));
    }

    private EffortCount EffortOf(HeldRequest request)
    {
        var key = new CompletionKey(request.InvocationId, request.Turn);
        if (!_efforts.TryGetValue(key, out var effort))
        {
            effort = _efforts[key] = new EffortCount { WaitsSince = request.EnqueuedAt };
        }

        return effort;
    }

    // Called with the lock held.
    private void Signal()
    {
        _changed.TrySetResult();
        _changed = New();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
