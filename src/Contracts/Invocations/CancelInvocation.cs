namespace Pipeline.Contracts.Invocations;

/// <summary>Ends an invocation that is not terminal yet; ignored when it is. Sent to <see cref="QueueName.InvocationEvents"/>.</summary>
public sealed record CancelInvocation
{
    public required Guid InvocationId { get; init; }

    /// <summary>Why, for the timeline and the <c>cancelled</c> event.</summary>
    public string? Reason { get; init; }
}
