using System.Text.Json;

namespace Pipeline.Contracts.Invocations;

/// <summary>
/// An upstream system wants an agent to do something. This is the wire form that any AMQP client publishes as plain JSON to the exchange
/// <c>pipeline.invocations</c> with the agent as routing key, and the body of <c>POST /invocations</c>.
/// Only <see cref="Tenant"/>, <see cref="Agent"/> and <see cref="Input"/> are required.
/// </summary>
public sealed record SubmitInvocation
{
    /// <summary>Who asks: 1 to 64 letters, digits, <c>-</c> or <c>_</c>. The first word of every event's routing key.</summary>
    public required string Tenant { get; init; }

    /// <summary>The agent definition to run, and the routing key of the submission: 1 to 64 letters, digits, <c>-</c> or <c>_</c>.</summary>
    public required string Agent { get; init; }

    /// <summary>What the agent is asked: a JSON object or a string, at most 256 KB.</summary>
    public required JsonElement Input { get; init; }

    /// <summary>The conversation or customer that this invocation belongs to; at most 200 characters.</summary>
    public string? Session { get; init; }

    /// <summary>
    /// Same key and same body, for one tenant and agent: the same invocation. Same key with another body is refused (<see cref="FailureCode.IdempotencyConflict"/>).
    /// At most 200 characters. The AMQP <c>message_id</c> stands in where this is absent.
    /// </summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>Chosen by the caller, or by the pipeline where absent.</summary>
    public Guid? InvocationId { get; init; }

    /// <summary><c>interactive</c> (default) or <c>batch</c>.</summary>
    public string? Priority { get; init; }

    /// <summary>The invocation expires at this instant, whatever the agent's own limit says; never later than that limit.</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>Comes back on every event, uninterpreted. At most 32 entries, 8 KB together.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
}
