namespace Pipeline.LlmGateway.Ownership;

/// <summary>
/// The unit of ownership: limit domains that pools connect, by rotation or by fallback, and those pools. One process at a time calls for all of it.
/// </summary>
/// <param name="Domains">Names in ordinal order.</param>
/// <param name="Pools">Names in ordinal order.</param>
internal sealed record DomainGroup(IReadOnlyList<string> Domains, IReadOnlyList<string> Pools)
{
    /// <summary>For people: the first of its domains.</summary>
    public string Name => Domains[0];

    /// <summary>Divides the pools into groups.</summary>
    /// <param name="pools">Each pool with its domains and the pool that stands in for it.</param>
    public static IReadOnlyList<DomainGroup> Divide(IReadOnlyCollection<(string Pool, IReadOnlyList<string> Domains, string? Fallback)> pools)
    {
        var known = pools.ToDictionary(x => x.Pool, StringComparer.Ordinal);
        var groups = new List<(HashSet<string> Domains, HashSet<string> Pools)>();
        foreach (var pool in pools)
        {
            var domains = new HashSet<string>(pool.Domains, StringComparer.Ordinal);
            var members = new HashSet<string>(StringComparer.Ordinal) { pool.Pool };
            if (pool.Fallback is { } fallback && known.TryGetValue(fallback, out var next))
            {
                domains.UnionWith(next.Domains);
                members.Add(next.Pool);
            }

            foreach (var other in groups.Where(x => x.Domains.Overlaps(domains) || x.Pools.Overlaps(members)).ToList())
            {
                domains.UnionWith(other.Domains);
                members.UnionWith(other.Pools);
                groups.Remove(other);
            }

            groups.Add((domains, members));
        }

        return
        [
            .. groups.Select(x => new DomainGroup([.. x.Domains.Order(StringComparer.Ordinal)], [.. x.Pools.Order(StringComparer.Ordinal)]))
                .OrderBy(x => x.Name, StringComparer.Ordinal),
        ];
    }
}
