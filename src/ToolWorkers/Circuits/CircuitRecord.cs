namespace Pipeline.ToolWorkers.Circuits;

/// <summary>The state of one tool's circuit that all worker processes agree on. Changed only by an update that names the version it read.</summary>
internal sealed record CircuitRecord
{
    public const int MaxReasonLength = 500;

    public required string Tool { get; init; }

    public required CircuitState State { get; init; }

    public required DateTimeOffset Since { get; init; }

    /// <summary>Open: when a probe may begin. Half-open: until when the prober has the sole right to it.</summary>
    public DateTimeOffset? RetryAt { get; init; }

    /// <summary>Breaks in a row, without a recovery in between: each is longer, up to the tool's limit.</summary>
    public int Breaks { get; init; }

    /// <summary>Half-open: the worker process that probes.</summary>
    public string? ProbeOwner { get; init; }

    /// <summary>The worker process that changed it, or the operator by way of it.</summary>
    public required string ChangedBy { get; init; }

    public string? Reason { get; init; }

    public required long Version { get; init; }
}
