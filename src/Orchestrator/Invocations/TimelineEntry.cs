namespace Pipeline.Orchestrator.Invocations;

/// <summary>
/// One thing that happened to an invocation. Append-only and dense: the timeline is the transcript, and the status API,
/// the operator and the next prompt all read it.
/// </summary>
public sealed class TimelineEntry
{
    public Guid InvocationId { get; set; }

    /// <summary>From 1, without gaps.</summary>
    public int Seq { get; set; }

    /// <summary>One of <see cref="TimelineKind"/>.</summary>
    public string Kind { get; set; } = null!;

    /// <summary>UTC.</summary>
    public DateTime At { get; set; }

    /// <summary>The model turn it belongs to; 0 before the first.</summary>
    public int Turn { get; set; }

    /// <summary>JSON; its shape follows from <see cref="Kind"/>.</summary>
    public string Payload { get; set; } = null!;
}
