namespace Pipeline.LlmGateway.RateLimits;

/// <summary>The right to make one call. Ends by exactly one of the domain's Settle, Cancel, Abandon; a second end is ignored.</summary>
internal sealed class Reservation(Charge charge, double at, bool isProbe)
{
    public Charge Charge { get; } = charge;

    /// <summary>Seconds on the domain's clock.</summary>
    public double At { get; } = at;

    /// <summary>The first call after a pause; the others wait for its end.</summary>
    public bool IsProbe { get; } = isProbe;

    public bool HasEnded { get; set; }
}
