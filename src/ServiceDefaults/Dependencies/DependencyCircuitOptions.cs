using System.ComponentModel.DataAnnotations;

namespace Pipeline.ServiceDefaults.Dependencies;

/// <summary>
/// When a circuit in front of something that a service cannot do without opens, and how it finds out that it may close. Sections
/// <c>Database:Circuit</c> and <c>Bus:Circuit</c>.
/// </summary>
public sealed class DependencyCircuitOptions
{
    /// <summary>The share of the asks within <see cref="Window"/> that were not answered, at which the circuit opens.</summary>
    [Range(0.01, 1)]
    public double FailureRatio { get; set; } = 0.5;

    /// <summary>With fewer asks within <see cref="Window"/> it stays closed. At least 2.</summary>
    [Range(2, 100_000)]
    public int MinimumCalls { get; set; } = 3;

    /// <summary>How far back asks count.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan Window { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long it stays open before the one probe, and between two probes.</summary>
    [Range(typeof(TimeSpan), "00:00:00.5", "00:10:00")]
    public TimeSpan Break { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long nothing may be answered while somebody waits, before it is asked by a probe whether it is there at all. Far below the time
    /// limit of the asks themselves: who waits for those learns of an outage when it is over.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan SuspectAfter { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a probe may take: a new connection and one answer.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:05:00")]
    public TimeSpan ProbeTimeout { get; set; } = TimeSpan.FromSeconds(2);
}
