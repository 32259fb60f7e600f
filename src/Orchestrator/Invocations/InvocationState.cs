using MassTransit;

namespace Pipeline.Orchestrator.Invocations;

/// <summary>The row of one invocation: small, rewritten by every event. What was said is in the timeline.</summary>
public sealed class InvocationState : SagaStateMachineInstance
{
    public Guid CorrelationId { get; set; }

    public string CurrentState { get; set; } = null!;

    public string Tenant { get; set; } = null!;

    public string Agent { get; set; } = null!;

    public int AgentVersion { get; set; }

    public string? Session { get; set; }

    public string? IdempotencyKey { get; set; }

    /// <summary>SHA-256 of the submission without its ids: tells a repeated submission from another one under the same key.</summary>
    public byte[] SubmissionHash { get; set; } = null!;

    public string Priority { get; set; } = null!;

    /// <summary>The caller's metadata, JSON; comes back on every event.</summary>
    public string? Metadata { get; set; }

    /// <summary>UTC.</summary>
    public DateTime AcceptedAt { get; set; }

    /// <summary>UTC.</summary>
    public DateTime Deadline { get; set; }

    /// <summary>UTC: when the sweeper wakes this invocation; null once it has ended.</summary>
    public DateTime? WakeAt { get; set; }

    /// <summary>UTC.</summary>
    public DateTime? EndedAt { get; set; }

    /// <summary>The model turn that is awaited or was answered last, counted from 1.</summary>
    public int Turn { get; set; }

    public int ToolCalls { get; set; }

    public int InputTokens { get; set; }

    public int OutputTokens { get; set; }

    /// <summary>The calls of this turn that have no result yet; see <see cref="Invocations.PendingCalls"/>.</summary>
    public byte[]? PendingCalls { get; set; }

    /// <summary>The number of the newest timeline entry.</summary>
    public int LastSeq { get; set; }

    public bool Degraded { get; set; }

    public string? Code { get; set; }

    public string? Reason { get; set; }
}
