namespace Pipeline.LlmGateway.Ownership;

internal static partial class OwnershipLog
{
    [LoggerMessage(EventId = 3201, Level = LogLevel.Information,
        Message = "Group {Group}: taken over at epoch {Epoch}; {Held} requests wait, {Unknown} calls of the owner before ended nobody knows how")]
    public static partial void TakenOver(this ILogger logger, string group, long epoch, int held, int unknown);

    [LoggerMessage(EventId = 3202, Level = LogLevel.Information,
        Message = "Group {Group}: owned by {Owner}, this process stands by")]
    public static partial void StandsBy(this ILogger logger, string group, string? owner);

    [LoggerMessage(EventId = 3203, Level = LogLevel.Warning,
        Message = "Group {Group}: another process has taken it from epoch {Epoch}; everything here is dropped and this process stands by")]
    public static partial void Fenced(this ILogger logger, string group, long epoch);

    [LoggerMessage(EventId = 3204, Level = LogLevel.Warning,
        Message = "Group {Group}: the lease of epoch {Epoch} could not be renewed; without the database nothing is sent")]
    public static partial void NotRenewed(this ILogger logger, Exception exception, string group, long epoch);

    [LoggerMessage(EventId = 3205, Level = LogLevel.Error,
        Message = "Group {Group}: ownership failed, tried again in {DelaySeconds} s")]
    public static partial void OwnershipFailed(this ILogger logger, Exception exception, string group, double delaySeconds);

    [LoggerMessage(EventId = 3206, Level = LogLevel.Information,
        Message = "Group {Group}: given back at epoch {Epoch}")]
    public static partial void GivenBack(this ILogger logger, string group, long epoch);

    [LoggerMessage(EventId = 3207, Level = LogLevel.Error,
        Message = "Queue {Queue} was made without {Argument}; it is consumed without the broker's guard. To have it: stop publishers and gateway, let the queue drain, delete it and start the gateway, which makes it anew")]
    public static partial void QueueWithoutArgument(this ILogger logger, string queue, string argument);

    [LoggerMessage(EventId = 3208, Level = LogLevel.Warning,
        Message = "Group {Group}: calls were still in work after {PatienceSeconds} s of patience (Llm:StopPatience) and are cut off; the next owner asks them again")]
    public static partial void CutOff(this ILogger logger, string group, double patienceSeconds);

    [LoggerMessage(EventId = 3209, Level = LogLevel.Debug,
        Message = "Group {Group}: a queue could not be disconnected")]
    public static partial void NotDisconnected(this ILogger logger, Exception exception, string group);
}
