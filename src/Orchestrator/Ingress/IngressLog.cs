namespace Pipeline.Orchestrator.Ingress;

internal static partial class IngressLog
{
    [LoggerMessage(EventId = 1101, Level = LogLevel.Warning, Message = "Invocation {InvocationId}: submission of tenant {Tenant} for agent {Agent} refused with {Code}: {Reason}")]
    public static partial void SubmissionRefused(this ILogger logger, Guid invocationId, string tenant, string agent, string code, string reason);
}
