using Pipeline.LlmGateway.Holding;
using Pipeline.LlmGateway.Keys;
using Pipeline.LlmGateway.Pools;
using Pipeline.LlmGateway.RateLimits;

namespace Pipeline.LlmGateway.Completions;

/// <summary>A request that may be sent now: by which pool and with which key, and what is reserved for it.</summary>
/// <param name="Request">The request.</param>
/// <param name="Pool">The pool that it is sent to.</param>
/// <param name="Domain">The domain whose limits let it go.</param>
/// <param name="Reservation">What is reserved of them.</param>
/// <param name="Ring">The domain's keys.</param>
/// <param name="ApiKey">The one whose turn it was.</param>
/// <param name="MaxOutputTokens">The most output to ask for; what was reserved is made of it.</param>
/// <param name="Effort">What the request took so far.</param>
internal sealed record Admitted(
    HeldRequest Request, ModelPool Pool, LimitDomain Domain, Reservation Reservation, KeyRing Ring, ApiKey ApiKey, int MaxOutputTokens, EffortCount Effort)
{
    public CompletionKey Key => new(Request.InvocationId, Request.Turn);
}
