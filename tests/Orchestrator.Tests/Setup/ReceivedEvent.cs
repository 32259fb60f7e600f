using Pipeline.Contracts.Invocations;

namespace Pipeline.Orchestrator.Tests.Setup;

/// <summary>An event as an upstream system received it, with the body as it came.</summary>
public sealed record ReceivedEvent(InvocationEvent Event, string Body);
