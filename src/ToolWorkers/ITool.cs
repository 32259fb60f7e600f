namespace Pipeline.ToolWorkers;

/// <summary>
/// A tool's implementation. Resolved from a scope of its own for each call. What the tool refuses for reasons of its domain is an
/// ordinary result that the model can read; an exception means that the tool is broken and counts for its circuit breaker.
/// </summary>
public interface ITool
{
    /// <summary>The name in the tool's manifest.</summary>
    string Name { get; }

    /// <summary>
    /// True where the tool finishes the call's record in the same database transaction as its effect (<see cref="Calls.CallRecord.Finish"/>).
    /// Its outcome is then always known, so an interrupted call may be run again.
    /// </summary>
    bool RecordsOutcome => false;

    /// <summary>Runs the call. The token is cancelled at the tool's time limit; <see cref="ToolCall.CallId"/> is the idempotency key.</summary>
    Task<ToolOutput> ExecuteAsync(ToolCall call, CancellationToken cancellationToken);
}
