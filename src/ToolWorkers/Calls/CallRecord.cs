using System.Text.Json;

namespace Pipeline.ToolWorkers.Calls;

/// <summary>
/// What is known of a call that may have an effect. The step from started to finished happens once: whoever loses the race for it, a tool
/// that outlived its time limit included, loses its effect with it where both are in one transaction.
/// </summary>
public sealed class CallRecord
{
    public const int MaxCallIdLength = 256;

    public required string CallId { get; init; }

    public required string Tool { get; init; }

    public CallState State { get; private set; } = CallState.Started;

    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>The worker process that started the call.</summary>
    public required string StartedBy { get; init; }

    /// <summary>Until then the process that started the call may still answer it.</summary>
    public required DateTimeOffset LeaseUntil { get; init; }

    public DateTimeOffset? FinishedAt { get; private set; }

    /// <summary>The answer as JSON, once finished.</summary>
    public string? Outcome { get; private set; }

    /// <summary>Records the answer. Save it in the transaction of the effect; its row version makes a second finish fail.</summary>
    /// <exception cref="InvalidOperationException">The call is finished already.</exception>
    public void Finish(ToolAnswer answer, DateTimeOffset at)
    {
        if (State == CallState.Finished)
        {
            throw new InvalidOperationException($"The call '{CallId}' is finished already. Read its answer instead of finishing it again.");
        }

        State = CallState.Finished;
        FinishedAt = at;
        Outcome = JsonSerializer.Serialize(answer, JsonSerializerOptions.Web);
    }

    /// <summary>The recorded answer; null where the call is not finished.</summary>
    public ToolAnswer? Answer() => Outcome is null ? null : JsonSerializer.Deserialize<ToolAnswer>(Outcome, JsonSerializerOptions.Web);
}
