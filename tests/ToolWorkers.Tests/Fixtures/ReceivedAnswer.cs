using Pipeline.Contracts.ToolCalls;

namespace Pipeline.ToolWorkers.Tests.Fixtures;

/// <summary>One answer as it arrived.</summary>
internal sealed record ReceivedAnswer(string Queue, Guid? MessageId, Guid? RequestId, ToolSucceeded? Succeeded, ToolFailed? Failed)
{
    public ToolSucceeded Success => Succeeded ?? throw new InvalidOperationException($"The call failed: {Failed?.Code}: {Failed?.Reason}");

    public ToolFailed Failure => Failed ?? throw new InvalidOperationException($"The call succeeded: {Succeeded?.Result}");
}
