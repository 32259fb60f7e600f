using Microsoft.Extensions.Options;
using Pipeline.LlmGateway.Completions;
using Pipeline.LlmGateway.Keys;
using Pipeline.LlmGateway.Providers;
using Pipeline.LlmGateway.RateLimits;

namespace Pipeline.LlmGateway.Pools;

/// <summary>The pools of this process, as configured at start.</summary>
internal sealed class ModelPoolCatalog : IDisposable
{
    private readonly Dictionary<string, ModelPool> _pools;

    public ModelPoolCatalog(IOptions<LlmOptions> options, TimeProvider time, CompletionMetrics metrics, ILogger<ModelPoolCatalog> logger)
    {
        _pools = options.Value.Pools.ToDictionary(x => x.Key, x => Create(x.Key, x.Value, options.Value, time, metrics, logger));
        metrics.ObserveCircuits(() => _pools.Values.Select(x => (x.Name, x.Circuit.StateNumber)));
    }

    public IEnumerable<ModelPool> All => _pools.Values;

    public ModelPool? Find(string name) => _pools.GetValueOrDefault(name);

    public void Dispose()
    {
        foreach (var pool in _pools.Values)
        {
            pool.Gate.Dispose();
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
            Gate = new AdmissionGate(pool.Concurrency, pool.RequestsPerMinute, pool.TokensPerMinute, pool.Burst, time),
            Circuit = new EndpointCircuit(name, options, time, logger),
            Endpoint = endpoint,
            Key = new ApiKey(name, pool.ApiKey ?? throw new ArgumentException($"Pool '{name}' has no API key.", nameof(pool))),
            Fallback = pool.Fallback,
        };
    }
}
