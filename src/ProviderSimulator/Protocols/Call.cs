using Pipeline.ProviderSimulator.Limits;

namespace Pipeline.ProviderSimulator.Protocols;

/// <summary>What is known of one call while it is served.</summary>
internal sealed class Call(string requestId, DateTimeOffset at, IdSource ids)
{
    public string RequestId { get; } = requestId;

    public DateTimeOffset At { get; } = at;

    public IdSource Ids { get; } = ids;

    public string Model { get; set; } = "";

    public OrganisationLimiter? Limiter { get; set; }

    public string Organisation => Limiter?.Organisation ?? "";
}
