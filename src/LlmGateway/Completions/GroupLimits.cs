using Pipeline.LlmGateway.Ownership;
using Pipeline.LlmGateway.Pools;
using Pipeline.LlmGateway.RateLimits;

namespace Pipeline.LlmGateway.Completions;

/// <summary>The limit domains of a group, as one owner counts them, and which of them each pool may use in turn.</summary>
internal sealed class GroupLimits
{
    private readonly Dictionary<string, LimitDomain[]> _byPool;
    private readonly Dictionary<string, int> _turns = new(StringComparer.Ordinal);

    public GroupLimits(DomainGroup group, ModelPoolCatalog pools, TimeProvider time)
    {
        var domains = group.Domains.ToDictionary(x => x, x => pools.CreateDomain(x, time), StringComparer.Ordinal);
        Domains = [.. domains.Values];
        _byPool = group.Pools.ToDictionary(x => x, x => pools.Find(x)!.Domains.Select(y => domains[y]).ToArray(), StringComparer.Ordinal);
    }

    public IReadOnlyList<LimitDomain> Domains { get; }

    public ReadOnlySpan<LimitDomain> Of(string pool) => _byPool[pool];

    /// <summary>Which of the pool's domains is asked first: each in turn.</summary>
    public int FirstOf(string pool)
    {
        var domains = _byPool[pool];
        var first = _turns.GetValueOrDefault(pool) % domains.Length;
        _turns[pool] = first + 1;
        return first;
    }
}
