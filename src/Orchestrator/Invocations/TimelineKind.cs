namespace Pipeline.Orchestrator.Invocations;

/// <summary>What a timeline entry tells of. The last entry of an ended invocation has the name of its terminal event.</summary>
public static class TimelineKind
{
    public const string Accepted = "accepted";
    public const string ModelAnswered = "model_answered";
    public const string ModelFailed = "model_failed";
    public const string ToolSucceeded = "tool_succeeded";
    public const string ToolFailed = "tool_failed";

    /// <summary>The join rule was decided before these calls had a result.</summary>
    public const string CallsNotAwaited = "calls_not_awaited";
}
