using System.Text.Json.Serialization;

namespace Pipeline.Contracts.Invocations;

/// <summary>
/// What upstream systems hear of an invocation: published as plain JSON to the topic exchange <c>pipeline.events</c>
/// with the routing key <c>&lt;tenant&gt;.&lt;agent&gt;.&lt;event&gt;</c>, and sent to <c>reply_to</c> as the answer of a submission.
/// Exactly one of the terminal events (<c>completed failed cancelled expired</c>) ends every accepted invocation.
/// </summary>
public sealed record InvocationEvent
{
    /// <summary>The invocation; <see cref="Guid.Empty"/> only on a <c>rejected</c> submission that named none.</summary>
    public required Guid InvocationId { get; init; }

    public required string Tenant { get; init; }

    public required string Agent { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Session { get; init; }

    /// <summary>One of <see cref="InvocationEventName"/>.</summary>
    public required string Event { get; init; }

    /// <summary>When it happened, UTC.</summary>
    public required DateTimeOffset At { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>On <c>completed</c>: the model's answer, or the agent's fallback answer where no model could be reached.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Output { get; init; }

    /// <summary>True where a fallback stood in for a tool, a model or the answer itself.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Degraded { get; init; }

    /// <summary>On terminal events: what the invocation used.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public InvocationUsage? Usage { get; init; }

    /// <summary>One of <see cref="FailureCode"/>, on <c>failed</c>, <c>expired</c>, <c>cancelled</c> and <c>rejected</c>, and on a <c>completed</c> that is the agent's fallback answer.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Code { get; init; }

    /// <summary>What happened, the value, and what to do; for people. Programs read <see cref="Code"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Reason { get; init; }

    /// <summary>On <c>deferred</c>: submit again after this many seconds.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? RetryAfterSeconds { get; init; }

    /// <summary>On <c>progressed</c>: the number of the timeline entry that this event tells of.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Seq { get; init; }

    /// <summary>On <c>progressed</c>: what the invocation is doing now, one of the saga's state names.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? State { get; init; }
}
