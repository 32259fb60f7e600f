using Microsoft.Extensions.Options;
using Pipeline.LlmGateway.Completions;
using Pipeline.LlmGateway.Estimates;
using Pipeline.LlmGateway.Keys;
using Pipeline.LlmGateway.Ownership;
using Pipeline.LlmGateway.Providers;
using Pipeline.LlmGateway.RateLimits;

namespace Pipeline.LlmGateway.Pools;

/// <summary>The pools of this process, as configured at start.</summary>
internal sealed class ModelPoolCatalog : IDisposable
{
    private readonly Dictionary<string, ModelPool> _pools;
    private readonly LlmOptions _options;

    public ModelPoolCatalog(IOptions<LlmOptions> options, KeyDirectory keys, TimeProvider time, CompletionMetrics metrics, EstimateMetrics estimates, ILogger<ModelPoolCatalog> logger)
    {
        _options = options.Value;
        _pools = options.Value.Pools.ToDictionary(x => x.Key, x => Create(x.Key, x.Value, options.Value, keys, time, metrics, estimates, logger));
        metrics.ObserveCircuits(() => _pools.Values.Select(x => (x.Name, x.Circuit.StateNumber)));
    }

    public int Count => _pools.Count;

    public IEnumerable<ModelPool> All => _pools.Values;

    /// <summary>The pools by what is owned together.</summary>
    public IReadOnlyList<DomainGroup> Groups => DomainGroup.Divide([.. _pools.Values.Select(x => (x.Name, x.Domains, x.Fallback))]);

    public ModelPool? Find(string name) => _pools.GetValueOrDefault(name);

    /// <summary>A limit domain in which nothing was taken yet.</summary>
    public LimitDomain CreateDomain(string name, TimeProvider time)
    {
        var pool = _pools.Values.First(x => x.Domains.Contains(name));
        return new LimitDomain(name, _options.Domains[name], pool.Endpoint.Charges, time);
    }

    public void Dispose()
    {
        foreach (var pool in _pools.Values)
        {
            pool.Endpoint.Dispose();
        }
    }

    /// <summary>How the pool's calls are charged: as its domains say, else as its vendor does.</summary>
    private static ChargeModel ChargeOf(PoolOptions pool, LlmOptions options, ModelEndpoint endpoint) =>
        options.Domains[pool.Domains[0]].Charge is var configured and not ChargeModel.ByProtocol ? configured : endpoint.Charges;

    /// <summary>What one second of the pool's limits takes: the first second after an outage gets no more.</summary>
    private static int FirstSecondOf(PoolOptions pool, LlmOptions options)
    {
        var perMinute = pool.Domains.Sum(x => options.Domains[x].RequestsPerMinute);
        return Math.Max(1, perMinute > 0 ? perMinute / 60 : pool.Concurrency / 10);
    }

    private static ModelPool Create(string name, PoolOptions pool, LlmOptions options, KeyDirectory keys, TimeProvider time, CompletionMetrics metrics, EstimateMetrics estimates, ILogger logger)
    {
        var endpoint = new ModelEndpoint(name, pool, options.LargestAnswerBytes, time, metrics);
        return new ModelPool
        {
            Name = name,
            Model = pool.Model,
            Prefetch = (ushort)(pool.Concurrency + pool.LookAhead),
            Circuit = new EndpointCircuit(name, FirstSecondOf(pool, options), options, time, logger),
            Endpoint = endpoint,
            Estimates = new PoolEstimates(name, pool, ChargeOf(pool, options, endpoint), estimates),
            Domains = pool.Domains,
            Keys = [.. pool.Domains.Select(keys.Of)],
            ContextTokens = pool.ContextTokens,
            Fallback = pool.Fallback,
        };
    }
}
