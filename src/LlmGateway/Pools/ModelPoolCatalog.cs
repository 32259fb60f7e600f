using Microsoft.Extensions.Options;
using Pipeline.LlmGateway.Completions;
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

    public ModelPoolCatalog(IOptions<LlmOptions> options, TimeProvider time, CompletionMetrics metrics, ILogger<ModelPoolCatalog> logger)
    {
        _options = options.Value;
        _pools = options.Value.Pools.ToDictionary(x => x.Key, x => Create(x.Key, x.Value, options.Value, time, metrics, logger));
        metrics.ObserveCircuits(() => _pools.Values.Select(x => (x.Name, x.Circuit.StateNumber)));
    }

    public IEnumerable<ModelPool> All => _pools.Values;

    /// <summary>The pools by what is owned together.</summary>
    public IReadOnlyList<DomainGroup> Groups => DomainGroup.Divide([.. _pools.Values.Select(x => (x.Name, x.Domains, x.Fallback))]);

    public ModelPool? Find(string name) => _pools.GetValueOrDefault(name);

    /// <summary>A limit domain in which nothing was taken yet.</summary>
    public LimitDomain CreateDomain(string name, TimeProvider time)
    {
        var pool = _options.Pools[name];
        var limits = new LimitDomainOptions
        {
            RequestsPerMinute = pool.RequestsPerMinute,
            TokensPerMinute = pool.TokensPerMinute,
            Concurrency = pool.Concurrency,
            Burst = pool.Burst,
        };
        return new LimitDomain(name, limits, _pools[name].Endpoint.Charges, time);
    }

    public void Dispose()
    {
        foreach (var pool in _pools.Values)
        {
            pool.Endpoint.Dispose();
        }
    }

    private static ModelPool Create(string name, PoolOptions pool, LlmOptions options, TimeProvider time, CompletionMetrics metrics, ILogger logger)
    {
        var endpoint = new ModelEndpoint(name, pool, options.LargestAnswerBytes, time, metrics);
        return new ModelPool
        {
            Name = name,
            Model = pool.Model,
            Prefetch = (ushort)(pool.Concurrency + pool.LookAhead),
            Estimate = new TokenEstimate(endpoint.Charges, pool.OutputShare),
            Domains = [name],
            OutputShare = pool.OutputShare,
            Circuit = new EndpointCircuit(name, options, time, logger),
            Endpoint = endpoint,
            Key = new ApiKey(name, pool.ApiKey ?? throw new ArgumentException($"Pool '{name}' has no API key.", nameof(pool))),
            Fallback = pool.Fallback,
        };
    }
}
