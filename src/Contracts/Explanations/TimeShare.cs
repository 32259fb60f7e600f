namespace Pipeline.Contracts.Explanations;

/// <summary>A part of an invocation's elapsed time. Of tool calls that ran side by side, the last to answer counts.</summary>
public sealed record TimeShare
{
    /// <summary>
    /// <c>model_call</c>, <c>model_limits</c> (held under a pool's limits), <c>model_retries</c>, <c>model_queue</c>, <c>model</c> (not accounted for),
    /// <c>tool_run</c>, <c>tool_worker</c>, <c>tool_queue</c>, <c>tool</c> (not accounted for), <c>other</c>.
    /// </summary>
    public required string Cause { get; init; }

    public required double Ms { get; init; }

    /// <summary>0 to 100.</summary>
    public required double Percent { get; init; }
}
