namespace Pipeline.Contracts.ToolCalls;

/// <summary>Run one tool. Sent to <see cref="QueueName.Tool"/>; answered by <see cref="ToolSucceeded"/> or <see cref="ToolFailed"/>
/// to the response address, else to <see cref="QueueName.InvocationEvents"/>.</summary>
public sealed record RunTool
{
    public required Guid InvocationId { get; init; }

    /// <summary>The turn whose answer asked for the call.</summary>
    public required int Turn { get; init; }

    /// <summary>
    /// Unique over all invocations and the same on every redelivery: the idempotency key towards the outside.
    /// </summary>
    public required string CallId { get; init; }

    public required string Tool { get; init; }

    /// <summary>The arguments as the model wrote them; checked against the tool's schema by the worker.</summary>
    public required string Arguments { get; init; }

    public required string Tenant { get; init; }

    public required string Agent { get; init; }

    /// <summary>An answer after this instant is of no use.</summary>
    public required DateTimeOffset Deadline { get; init; }

    /// <summary>Where this tool stands in for another: whose call is to be answered.</summary>
    public StandInFor? StandInFor { get; init; }
}
