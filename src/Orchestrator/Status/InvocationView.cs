using System.Text.Json;
using Pipeline.Contracts.Invocations;

namespace Pipeline.Orchestrator.Status;

/// <summary>What <c>GET /invocations/{id}</c> says of an invocation.</summary>
public sealed record InvocationView
{
    public required Guid InvocationId { get; init; }

    public required string Tenant { get; init; }

    public required string Agent { get; init; }

    public required int AgentVersion { get; init; }

    public string? Session { get; init; }

    public required string State { get; init; }

    public required DateTimeOffset AcceptedAt { get; init; }

    public required DateTimeOffset Deadline { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public string? Output { get; init; }

    public required bool Degraded { get; init; }

    public required InvocationUsage Usage { get; init; }

    public string? Code { get; init; }

    public string? Reason { get; init; }

    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
}

/// <summary>One entry of <c>GET /invocations/{id}/timeline</c>.</summary>
public sealed record TimelineEntryView(int Seq, string Kind, DateTimeOffset At, int Turn, JsonElement Details);
