namespace Pipeline.LlmGateway.Holding;

/// <summary>
/// The requests that wait for their tokens, and who is next: interactive before batch until that has aged; among tenants the one that was served
/// least, in charged tokens by weight; of one tenant the oldest. A large request keeps its place while its tokens collect, and nobody
/// overtakes it: nothing that collects is lost. One owner calls it from one place at a time; it takes no lock.
/// </summary>
internal sealed class HoldQueue(HoldQueueOptions options, TimeProvider time)
{
    private readonly Dictionary<(Guid InvocationId, int Turn), HeldRequest> _all = [];
    private readonly Dictionary<(string Pool, bool IsInteractive), Lane> _lanes = [];
    private readonly Dictionary<string, TenantService> _tenants = new(StringComparer.Ordinal);
    private readonly PriorityQueue<HeldRequest, DateTimeOffset> _parked = new();
    private readonly PriorityQueue<HeldRequest, DateTimeOffset> _deadlines = new();
    private readonly Queue<HeldRequest> _batch = new();
    private double _virtualTime;
    private long _tenantNumber;

    public int Count => _all.Count;

    public bool IsFull => _all.Count >= options.MaxHeld;

    /// <summary>Requests that wait for a pool; those whose next attempt is not due are not among them.</summary>
    public int WaitingFor(string pool, bool isInteractive) => _lanes.TryGetValue((pool, isInteractive), out var lane) ? lane.Count : 0;

    public IEnumerable<HeldRequest> All => _all.Values;

    /// <summary>Adds a request, or one that comes back after an attempt. False where it is held already.</summary>
    public bool Add(HeldRequest request)
    {
        if (!_all.TryAdd((request.InvocationId, request.Turn), request))
        {
            return false;
        }

        request.IsHeld = true;
        _deadlines.Enqueue(request, request.Deadline);
        if (request.NotBefore > time.GetUtcNow())
        {
            _parked.Enqueue(request, request.NotBefore);
        }
        else
        {
            Line(request);
        }

        return true;
    }

    /// <summary>The next request for one of the pools, which stays where it is; null where none waits for them.</summary>
    public HeldRequest? Peek(IReadOnlyList<string> pools)
    {
        Wake();
        return Peek(pools, isInteractive: true) ?? Peek(pools, isInteractive: false);
    }

    /// <summary>Takes a request that goes now.</summary>
    /// <param name="request">One that <see cref="Peek(IReadOnlyList{string})"/> showed.</param>
    /// <param name="charged">What it takes of the provider's limit: the measure of fairness.</param>
    public void Take(HeldRequest request, double charged)
    {
        var tenant = _tenants[request.Tenant];
        _virtualTime = Math.Max(_virtualTime, tenant.Served);
        Remove(request);
        foreach (var (lane, line) in tenant.Lines)
        {
            lane.TakeOut(line);
        }

        tenant.Served = Math.Max(_virtualTime, tenant.Served) + (Math.Max(1, charged) / tenant.Weight);
        foreach (var (lane, line) in tenant.Lines)
        {
            lane.PutBack(line);
        }

        ForgetIdleTenants();
    }

    /// <summary>Takes a request out that is not to be sent; null where it is not held.</summary>
    public HeldRequest? TakeOut(Guid invocationId, int turn)
    {
        if (!_all.TryGetValue((invocationId, turn), out var request))
        {
            return null;
        }

        Remove(request);
        return request;
    }

    /// <summary>Takes the requests out whose deadline has passed.</summary>
    public IEnumerable<HeldRequest> TakeExpired()
    {
        while (_deadlines.TryPeek(out var request, out var deadline))
        {
            if (!IsCurrent(request))
            {
                _deadlines.Dequeue();
                continue;
            }

            if (deadline > time.GetUtcNow())
            {
                yield break;
            }

            _deadlines.Dequeue();
            Remove(request);
            yield return request;
        }
    }

    /// <summary>When the queue changes by itself: a deadline passes, a pause between attempts ends. Null for never.</summary>
    public DateTimeOffset? NextChange()
    {
        while (_deadlines.TryPeek(out var request, out _) && !IsCurrent(request))
        {
            _deadlines.Dequeue();
        }

        while (_parked.TryPeek(out var request, out _) && !IsCurrent(request))
        {
            _parked.Dequeue();
        }

        DateTimeOffset? deadline = _deadlines.TryPeek(out _, out var at) ? at : null;
        return _parked.TryPeek(out _, out var due) && (deadline is null || due < deadline) ? due : deadline;
    }

    private bool IsCurrent(HeldRequest request) => request.IsHeld && ReferenceEquals(_all.GetValueOrDefault((request.InvocationId, request.Turn)), request);

    private HeldRequest? Peek(IReadOnlyList<string> pools, bool isInteractive)
    {
        (HeldRequest Request, double Served)? next = null;
        foreach (var pool in pools)
        {
            if (_lanes.TryGetValue((pool, isInteractive), out var lane) && lane.First is { } first
                && (next is null || first.Served < next.Value.Served || (first.Served == next.Value.Served && first.Request.EnqueuedAt < next.Value.Request.EnqueuedAt)))
            {
                next = first;
            }
        }

        return next?.Request;
    }

    /// <summary>Brings into line whose pause is over, and among the interactive ones what has waited long enough.</summary>
    private void Wake()
    {
        var now = time.GetUtcNow();
        while (_parked.TryPeek(out var request, out var due) && due <= now)
        {
            _parked.Dequeue();
            if (IsCurrent(request) && request.Place is null)
            {
                Line(request);
            }
        }

        while (_batch.TryPeek(out var batch) && (batch.Place is null || batch.IsPromoted || now - batch.EnqueuedAt >= options.BatchAgesAfter))
        {
            _batch.Dequeue();
            if (batch.Place is not null && !batch.IsPromoted)
            {
                var tenant = _tenants[batch.Tenant];
                LaneOf(batch).Remove(batch, tenant);
                batch.IsPromoted = true;
                LaneOf(batch).Add(batch, tenant);
            }
        }
    }

    private void Line(HeldRequest request)
    {
        if (!_tenants.TryGetValue(request.Tenant, out var tenant))
        {
            tenant = new TenantService(_tenantNumber++, Math.Clamp(options.TenantWeights.GetValueOrDefault(request.Tenant, 1), 0.001, 1000), _virtualTime);
            _tenants.Add(request.Tenant, tenant);
        }

        if (tenant.Lines.Count == 0)
        {
            // Who comes back from a rest has saved nothing up.
            tenant.Served = Math.Max(tenant.Served, _virtualTime);
        }

        if (!request.IsInteractive && !request.IsPromoted)
        {
            if (time.GetUtcNow() - request.EnqueuedAt >= options.BatchAgesAfter)
            {
                request.IsPromoted = true;
            }
            else
            {
                _batch.Enqueue(request);
            }
        }

        LaneOf(request).Add(request, tenant);
    }

    private Lane LaneOf(HeldRequest request)
    {
        var key = (request.Pool, request.IsInteractive || request.IsPromoted);
        if (!_lanes.TryGetValue(key, out var lane))
        {
            lane = new Lane();
            _lanes.Add(key, lane);
        }

        return lane;
    }

    private void Remove(HeldRequest request)
    {
        _all.Remove((request.InvocationId, request.Turn));
        request.IsHeld = false;
        if (request.Place is not null)
        {
            LaneOf(request).Remove(request, _tenants[request.Tenant]);
        }

        // What deadlines leave behind of requests that are gone; only where it is much, and most of it.
        if (_deadlines.Count > 1024 && _deadlines.Count > _all.Count * 2)
        {
            _deadlines.Clear();
            foreach (var held in _all.Values)
            {
                _deadlines.Enqueue(held, held.Deadline);
            }
        }
    }

    /// <summary>A tenant without requests whose service is not ahead of the others' is as one that was never here.</summary>
    private void ForgetIdleTenants()
    {
        if (_tenants.Count <= 4096)
        {
            return;
        }

        foreach (var (name, tenant) in _tenants.Where(x => x.Value.Lines.Count == 0 && x.Value.Served <= _virtualTime).ToList())
        {
            _tenants.Remove(name);
        }
    }
}
