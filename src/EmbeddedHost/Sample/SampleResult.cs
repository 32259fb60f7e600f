using Pipeline.Contracts.Invocations;
using Pipeline.Orchestrator.Status;

namespace Pipeline.EmbeddedHost.Sample;

/// <summary>What became of one case.</summary>
internal sealed class SampleResult(SampleCase @case)
{
    public SampleCase Case { get; } = @case;

    /// <summary>The answer to the submission; null until it came.</summary>
    public InvocationEvent? Admission { get; set; }

    public InvocationView? Invocation { get; set; }

    public Guid InvocationId => Admission?.InvocationId ?? Guid.Empty;

    /// <summary>A refused submission has ended with its refusal.</summary>
    public bool HasEnded
    {
        get => field || Admission?.Event == InvocationEventName.Rejected;
        set;
    }

    /// <summary>The name of the event it ended with; null while it is open.</summary>
    public string? Outcome => Admission?.Event == InvocationEventName.Rejected
        ? Admission.Event
        : Invocation?.EndedAt is null ? null : Invocation.State.ToLowerInvariant();

    public string? Code => Invocation?.Code ?? Admission?.Code;
}
