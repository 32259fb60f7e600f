namespace Pipeline.Orchestrator.Ingress;

internal static partial class IngressLog
{
    [LoggerMessage(EventId = 1101, Level = LogLevel.Warning, Message = "Invocation {InvocationId}: submission of tenant {Tenant} for agent {Agent} refused with {Code}: {Reason}")]
    public static partial void SubmissionRefused(this ILogger logger, Guid invocationId, string tenant, string agent, string code, string reason);

    [LoggerMessage(EventId = 1102, Level = LogLevel.Warning, Message = "Invocation {InvocationId}: the refusal cannot be answered to {Address}")]
    public static partial void AnswerImpossible(this ILogger logger, Guid invocationId, Uri? address, Exception exception);
}
