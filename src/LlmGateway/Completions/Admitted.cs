using Pipeline.LlmGateway.Holding;
using Pipeline.LlmGateway.Pools;
using Pipeline.LlmGateway.RateLimits;

namespace Pipeline.LlmGateway.Completions;

/// <summary>A request that may be sent now: by which pool, and what is reserved for it.</summary>
internal sealed record Admitted(HeldRequest Request, ModelPool Pool, LimitDomain Domain, Reservation Reservation, EffortCount Effort)
{
    public CompletionKey Key => new(Request.InvocationId, Request.Turn);
}
