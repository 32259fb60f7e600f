using Pipeline.LlmGateway.RateLimits;

namespace Pipeline.LlmGateway.Completions;

/// <summary>A group of domains as its owner sees it.</summary>
internal sealed record GroupSnapshot(IReadOnlyList<DomainSnapshot> Domains, IReadOnlyList<PoolBacklog> Pools);

/// <summary>What waits for a pool.</summary>
/// <param name="Pool">The pool that was asked.</param>
/// <param name="Interactive">Requests that wait.</param>
/// <param name="Batch">Requests that wait and may wait longer.</param>
/// <param name="Oldest">How long the oldest has waited.</param>
/// <param name="Expected">How long one that comes now will wait.</param>
internal sealed record PoolBacklog(string Pool, int Interactive, int Batch, TimeSpan Oldest, TimeSpan Expected)
{
    public int Held => Interactive + Batch;
}
