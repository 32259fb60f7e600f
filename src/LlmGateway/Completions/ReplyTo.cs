namespace Pipeline.LlmGateway.Completions;

/// <summary>Where an answer goes and what it answers, as the request's delivery said.</summary>
/// <param name="Address">Null for the invocations' own queue.</param>
/// <param name="RequestId">Of a requester that waits for it.</param>
/// <param name="ConversationId">Carried on.</param>
/// <param name="CorrelationId">Becomes the answer's initiator.</param>
/// <param name="TraceParent">W3C trace context of the delivery; null where it was not traced.</param>
internal sealed record ReplyTo(string? Address, Guid? RequestId, Guid? ConversationId, Guid? CorrelationId, string? TraceParent);
