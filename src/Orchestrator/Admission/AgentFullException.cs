namespace Pipeline.Orchestrator.Admission;

/// <summary>No slot was free when the submission was to be accepted. Nothing was written; the gate defers or parks it.</summary>
public sealed class AgentFullException(string agent, int limit)
    : Exception($"The agent '{agent}' has '{limit}' invocations open, which is all that this submission may fill. It is deferred or parked, see Admission__MaxOpen.")
{
    /// <summary>The state machine wraps what its steps throw.</summary>
    public static bool Is(Exception? exception) => exception is not null && (exception is AgentFullException || Is(exception.InnerException));
}
