namespace Pipeline.Contracts.Completions;

/// <summary>What one turn took at the gateway: how long it was held and why, how often it was tried, and who answered in the end.</summary>
public sealed record CompletionEffort
{
    /// <summary>The pool that answered, or that failed last.</summary>
    public string? Pool { get; init; }

    /// <summary>Calls that were sent to a provider.</summary>
    public int Calls { get; init; }

    /// <summary>Of <see cref="Calls"/>, those that the provider refused for its rate limit.</summary>
    public int Throttled { get; init; }

    /// <summary>Milliseconds that the request waited for its turn under the pool's limits; pauses that a provider asked for are in it.</summary>
    public double HeldMs { get; init; }

    /// <summary>Milliseconds between a failed call and the next one.</summary>
    public double RetryDelayMs { get; init; }

    /// <summary>Milliseconds in calls to providers, failed ones included.</summary>
    public double CallMs { get; init; }

    /// <summary>Where another pool stood in: why the one before it did not answer, for people.</summary>
    public string? FallbackReason { get; init; }

    /// <summary>True where an open circuit kept a request from a pool.</summary>
    public bool CircuitWasOpen { get; init; }
}
