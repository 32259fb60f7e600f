namespace Pipeline.Orchestrator.Status;

/// <summary>The answer to <c>DELETE /invocations/{id}</c> of an invocation that has not ended yet.</summary>
public sealed record Cancellation(Guid InvocationId, string Event)
{
    public const string Requested = "cancel_requested";
}
