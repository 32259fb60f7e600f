using System.Collections.Concurrent;
using MassTransit;
using Pipeline.Contracts.Completions;
using Pipeline.ServiceDefaults;

namespace Pipeline.Orchestrator.Admission;

/// <summary>
/// What the gateway's owners say waits for their pools: the part of a pool's backlog that is in the gateway's store and in no queue. Heard of on a
/// queue of this process alone; a pool that was not heard of lately counts as free.
/// </summary>
internal sealed class PoolPressures(TimeProvider time)
{
    /// <summary>Five times the rhythm of the news.</summary>
    private static readonly TimeSpan Stale = TimeSpan.FromSeconds(10);

    /// <summary>Pools come from a few configurations; more names than that are not kept.</summary>
    private const int MostPools = 1000;

    private readonly ConcurrentDictionary<string, (double Seconds, long HeardAt)> _pools = new(StringComparer.Ordinal);

    /// <summary>How long a request that comes now waits at the gateway.</summary>
    public TimeSpan WaitOf(string pool) =>
        _pools.TryGetValue(pool, out var news) && time.GetElapsedTime(news.HeardAt) < Stale ? TimeSpan.FromSeconds(news.Seconds) : TimeSpan.Zero;

    public void Hear(ModelPoolPressure news)
    {
        if (_pools.Count < MostPools || _pools.ContainsKey(news.Pool))
        {
            _pools[news.Pool] = (double.IsFinite(news.ExpectedWaitSeconds) ? Math.Clamp(news.ExpectedWaitSeconds, 0, TimeSpan.FromDays(1).TotalSeconds) : 0, time.GetTimestamp());
        }
    }

    public PipelineEndpoint Endpoint => new()
    {
        QueueName = $"pool_pressure_bus_{NewId.NextGuid():N}",
        Temporary = true,
        Configure = (_, queue) => queue.Handler<ModelPoolPressure>(x =>
        {
            Hear(x.Message);
            return Task.CompletedTask;
        }),
    };
}
