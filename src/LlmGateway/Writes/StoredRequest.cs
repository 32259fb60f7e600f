using Pipeline.LlmGateway.Completions;

namespace Pipeline.LlmGateway.Writes;

/// <summary>A request as it was stored.</summary>
/// <param name="Body">The request as JSON; null where it was not read.</param>
/// <param name="ReplyTo">Where its answer goes.</param>
internal sealed record StoredRequest(byte[]? Body, ReplyTo ReplyTo);
