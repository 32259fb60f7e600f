namespace Pipeline.LlmGateway.Ownership;

/// <summary>
/// Who may call on behalf of a limit domain. The epoch is the fence: each write of an owner names the epoch it took the domain with, and
/// changes nothing once another has taken it.
/// </summary>
internal sealed class DomainLease
{
    public string Name { get; set; } = "";

    /// <summary>Counted up by whoever takes the domain.</summary>
    public long Epoch { get; set; }

    /// <summary>The process that has it; null where it was given back.</summary>
    public string? Owner { get; set; }

    /// <summary>Counted up by the owner as long as it lives. Others compare it with what they saw before, on their own clocks.</summary>
    public long Beat { get; set; }
}
