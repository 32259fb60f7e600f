using System.ComponentModel.DataAnnotations;

namespace Pipeline.LlmGateway.Holding;

/// <summary>Who goes first among the requests that wait. Section <c>Llm:Holding</c>.</summary>
public sealed class HoldQueueOptions
{
    /// <value>Requests that wait in one process, at most; the rest stays in the broker's queue.</value>
    [Range(1, 1_000_000)]
    public int MaxHeld { get; set; } = 100_000;

    /// <value>A batch request that has waited so long is served as an interactive one.</value>
    [Range(typeof(TimeSpan), "00:00:00.1", "1.00:00:00")]
    public TimeSpan BatchAgesAfter { get; set; } = TimeSpan.FromSeconds(60);

    /// <value>Tenant → its share of a saturated limit, against those of the others that wait; 1 where absent.</value>
    public Dictionary<string, double> TenantWeights { get; init; } = new(StringComparer.Ordinal);
}
