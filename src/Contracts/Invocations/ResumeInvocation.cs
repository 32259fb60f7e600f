namespace Pipeline.Contracts.Invocations;

/// <summary>
/// Makes an open invocation ask again for what it awaits: a model's turn, the results of tools. For when messages were lost that no
/// broker kept (a purged queue, the in-memory transport of a process that died). Harmless otherwise: answers carry what they answer, and
/// a recorded tool result is not executed again. Sent to <see cref="QueueName.InvocationEvents"/>.
/// </summary>
public sealed record ResumeInvocation
{
    public required Guid InvocationId { get; init; }
}
