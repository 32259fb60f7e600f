namespace Pipeline.LlmGateway.Pools;

/// <summary>Which pool stands in for another. Chains end: those that go in a circle are refused at start.</summary>
internal sealed class FallbackChain(ModelPoolCatalog pools)
{
    /// <summary>The next pool that is not known to be out; null where there is none.</summary>
    public ModelPool? After(ModelPool pool) => Following(pool).FirstOrDefault(x => !x.IsOut);

    /// <summary>The next pool, not known to be out, whose context window is known to be larger and to hold a request; null where there is none.</summary>
    /// <param name="pool">Where it does not fit.</param>
    /// <param name="tokens">Prompt and requested output, estimated.</param>
    public ModelPool? WithLargerContext(ModelPool pool, long tokens) =>
        Following(pool).FirstOrDefault(x => x.ContextTokens > pool.ContextTokens && x.ContextTokens >= tokens && !x.IsOut);

    private IEnumerable<ModelPool> Following(ModelPool pool)
    {
        // Bounded all the same: a pool is passed at most once.
        var next = pool.Fallback;
        for (var steps = pools.Count; next is not null && steps > 0 && pools.Find(next) is { } found; steps--)
        {
            yield return found;
            next = found.Fallback;
        }
    }
}
