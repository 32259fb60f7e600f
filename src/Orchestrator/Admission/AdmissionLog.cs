namespace Pipeline.Orchestrator.Admission;

internal static partial class AdmissionLog
{
    [LoggerMessage(EventId = 1201, Level = LogLevel.Warning, Message = "Agent {Agent} is closed to newcomers: {Open} open, high-water mark {HighWater} of {Cap}, {DrainPerSecond:F2} end in a second, expected wait {ExpectedWait}. Callers are told when to come back; see llm.<pool> and tool.<tool> for what is slow")]
    public static partial void AgentClosed(this ILogger logger, string agent, int open, int highWater, int cap, double drainPerSecond, TimeSpan expectedWait);

    [LoggerMessage(EventId = 1202, Level = LogLevel.Information, Message = "Agent {Agent} is open to newcomers again: {Open} open, low-water mark {LowWater}, {DrainPerSecond:F2} end in a second")]
    public static partial void AgentOpened(this ILogger logger, string agent, int open, int lowWater, double drainPerSecond);

    [LoggerMessage(EventId = 1203, Level = LogLevel.Warning, Message = "Agent {Agent}: the counter of open invocations said {Before}, {After} are open; set right")]
    public static partial void Reconciled(this ILogger logger, string agent, int before, int after);

    [LoggerMessage(EventId = 1204, Level = LogLevel.Warning, Message = "The counters of open invocations could not be compared; the next round follows")]
    public static partial void ReconcileFailed(this ILogger logger, Exception exception);

    [LoggerMessage(EventId = 1205, Level = LogLevel.Debug, Message = "Invocation {InvocationId}: agent {Agent} defers it, {Kind}, {Seconds} s")]
    public static partial void Deferred(this ILogger logger, Guid invocationId, string agent, DeferralKind kind, int seconds);

    [LoggerMessage(EventId = 1206, Level = LogLevel.Warning, Message = "Agent {Agent}: the database did not say when {Count} callers may come back; they are told the longest time")]
    public static partial void DeferralFailed(this ILogger logger, string agent, int count, Exception exception);

    [LoggerMessage(EventId = 1207, Level = LogLevel.Debug, Message = "Invocation {InvocationId}: parked in {Queue}")]
    public static partial void Parked(this ILogger logger, Guid invocationId, string queue);

    [LoggerMessage(EventId = 1208, Level = LogLevel.Warning, Message = "Invocation {InvocationId}: {Queue} did not take it; its delivery is held, and invocations.<agent> fills up behind it. Is the queue at its max-length, or the broker out of memory or disk?")]
    public static partial void ParkingRefused(this ILogger logger, Guid invocationId, string queue, Exception exception);

    [LoggerMessage(EventId = 1209, Level = LogLevel.Warning, Message = "The broker did not say how deep the queues are; the last depths hold for half a minute, then admission goes on with its own counts. Next attempt in {Delay}")]
    public static partial void DepthsUnknown(this ILogger logger, TimeSpan delay, Exception exception);
}
