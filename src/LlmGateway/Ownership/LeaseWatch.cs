namespace Pipeline.LlmGateway.Ownership;

/// <summary>
/// Tells a dead owner from a living one by this process's clock alone: an owner whose beat stood still for as long as the limit is taken for
/// dead. Whether it really was is decided by the database: the taking names the beat that was seen.
/// </summary>
internal sealed class LeaseWatch(TimeSpan limit, TimeProvider time)
{
    private readonly Dictionary<string, (long Epoch, long Beat, long At)> _seen = new(StringComparer.Ordinal);

    /// <returns>True where each of the leases is free or its owner seems dead.</returns>
    public bool MayTake(IReadOnlyList<DomainLease> leases)
    {
        var all = true;
        foreach (var lease in leases)
        {
            if (!_seen.TryGetValue(lease.Name, out var seen) || seen.Epoch != lease.Epoch || seen.Beat != lease.Beat)
            {
                seen = _seen[lease.Name] = (lease.Epoch, lease.Beat, time.GetTimestamp());
            }

            all &= lease.Owner is null || time.GetElapsedTime(seen.At) >= limit;
        }

        return all;
    }
}
