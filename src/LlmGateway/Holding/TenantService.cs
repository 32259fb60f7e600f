namespace Pipeline.LlmGateway.Holding;

/// <summary>What a tenant was served, in charged tokens by weight: the virtual time of start-time fair queueing (Goyal, Vin, Cheng 1996).</summary>
internal sealed class TenantService(long number, double weight, double served)
{
    /// <summary>Breaks ties: one order for all.</summary>
    public long Number => number;

    public double Weight => weight;

    public double Served { get; set; } = served;

    /// <summary>Where this tenant has requests waiting.</summary>
    public List<(Lane Lane, Lane.Line Line)> Lines { get; } = [];
}
