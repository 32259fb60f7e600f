using Microsoft.EntityFrameworkCore;
using Pipeline.Contracts;
using Pipeline.Orchestrator.Agents;
using Pipeline.Orchestrator.Persistence;

namespace Pipeline.Orchestrator.Admission;

/// <summary>One agent as this process sees it: readings of the database, no older than they may be, and the pacing that follows from them.</summary>
internal sealed class AgentLoad(AgentDefinition agent, AgentPacing pacing, IServiceScopeFactory scopes, QueueDepths depths, PoolPressures pressures, TurnRate turns, AdmissionOptions options, TimeProvider time, ILogger logger) : IDisposable
{
    /// <summary>Fewer that ended within the window say nothing about the rate.</summary>
    private const int EndedToMeasure = 5;

    private static readonly TimeSpan ShortestAge = TimeSpan.FromMilliseconds(50);

    private readonly SemaphoreSlim _reading = new(1, 1);
    private readonly Lock _waitersLock = new();
    private readonly DateTime _started = time.GetUtcNow().UtcDateTime;
    private TaskCompletionSource _freed = New();
    private long _readAt;
    private bool _wasRead;

    public AgentDefinition Agent => agent;

    public AgentPacing Pacing => pacing;

    /// <summary>Completes when an invocation of the agent ends in this process.</summary>
    public Task Freed
    {
        get
        {
            lock (_waitersLock)
            {
                return _freed.Task;
            }
        }
    }

    public void Ended()
    {
        pacing.Ended();
        TaskCompletionSource freed;
        lock (_waitersLock)
        {
            (freed, _freed) = (_freed, New());
        }

        freed.TrySetResult();
    }

    /// <summary>Reads again where the last reading is older than it may be.</summary>
    /// <param name="isExhausted">What the last reading allowed is used up: a much younger one is too old.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async ValueTask RefreshAsync(bool isExhausted, CancellationToken cancellationToken)
    {
        var oldest = isExhausted ? ShortestAge : options.ReadingAge;
        if (IsYounger(oldest))
        {
            return;
        }

        await _reading.WaitAsync(cancellationToken);
        try
        {
            if (!IsYounger(oldest))
            {
                var at = time.GetTimestamp();
                if (pacing.Observe(await ReadAsync(cancellationToken)))
                {
                    Tell();
                }

                Volatile.Write(ref _readAt, at);
                Volatile.Write(ref _wasRead, true);
            }
        }
        finally
        {
            _reading.Release();
        }
    }

    public void Dispose() => _reading.Dispose();

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private bool IsYounger(TimeSpan age) => Volatile.Read(ref _wasRead) && time.GetElapsedTime(Volatile.Read(ref _readAt)) < age;

    private async Task<AgentReading> ReadAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<OrchestratorDbContext>();
        var now = time.GetUtcNow().UtcDateTime;
        var from = now - options.DrainWindow;
        var open = await database.AgentAdmissions.Where(x => x.Agent == agent.Name).Select(x => (int?)x.Open).SingleOrDefaultAsync(cancellationToken)
            ?? (await AdmissionSlots.ReconcileAsync(database, agent.Name, cancellationToken)).After;
        var ended = await database.Invocations.CountAsync(x => x.Agent == agent.Name && x.EndedAt >= from, cancellationToken);
        var promises = await database.AdmissionPromises.Where(x => x.Agent == agent.Name && x.NotBefore > now)
            .GroupBy(x => 1).Select(x => new { Count = x.Count(), Last = x.Max(y => y.NotBefore) }).SingleOrDefaultAsync(cancellationToken);
        // In the first window of all, what ended ended in less time than that; the rate is the last known one until there is a better.
        var rate = ended >= EndedToMeasure ? ended / options.DrainWindow.TotalSeconds : (double?)null;
        if (rate < pacing.DrainPerSecond && now - _started < options.DrainWindow)
        {
            rate = null;
        }

        return new AgentReading(open, rate, PoolWait(), promises is null ? null : DateTime.SpecifyKind(promises.Last, DateTimeKind.Utc), promises?.Count ?? 0, Replicas());
    }

    private TimeSpan PoolWait()
    {
        // What is still in the queue comes behind what the gateway holds.
        var held = pressures.WaitOf(agent.Pool);
        if (depths.Of(QueueName.ModelPool(agent.Pool)) is not { Ready: > 0 } pool)
        {
            return held;
        }

        // What this process does not see, the other processes that consume the answers do; a pool that answers nothing counts as a slow one.
        var perSecond = turns.PerSecond(agent.Pool) * Math.Max(1, depths.Of(QueueName.InvocationEvents)?.Consumers ?? 1);
        return held + TimeSpan.FromSeconds(pool.Ready / Math.Max(1, perSecond));
    }

    private int Replicas() => Math.Max(1, (int)(depths.Of(QueueName.Invocations(agent.Name))?.Consumers ?? 1));

    private void Tell()
    {
        if (pacing.IsClosed)
        {
            logger.AgentClosed(agent.Name, pacing.Reading.Open, pacing.Limits.HighWater, pacing.Limits.Cap, pacing.DrainPerSecond, pacing.ExpectedWait);
        }
        else
        {
            logger.AgentOpened(agent.Name, pacing.Reading.Open, pacing.Limits.LowWater, pacing.DrainPerSecond);
        }
    }
}
