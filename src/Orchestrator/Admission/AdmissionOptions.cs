using System.ComponentModel.DataAnnotations;

namespace Pipeline.Orchestrator.Admission;

/// <summary>How many invocations of an agent may be open, and how callers are paced beyond that. Section <c>Admission</c>.</summary>
public sealed class AdmissionOptions : IValidatableObject
{
    public const string Section = "Admission";

    /// <summary>Open invocations of one agent over all replicas, where the agent's file says nothing else.</summary>
    [Range(1, 1_000_000)]
    public int MaxOpen { get; set; } = 500;

    /// <summary>Share of the cap at which newcomers are deferred. What is above is kept for callers who come back at their time.</summary>
    [Range(0.1, 1.0)]
    public double HighWater { get; set; } = 0.85;

    /// <summary>Share of the cap below which newcomers are taken again.</summary>
    [Range(0.05, 1.0)]
    public double LowWater { get; set; } = 0.7;

    /// <summary>Share of the agent's deadline that a newcomer may have to wait, where the agent's file says nothing else.</summary>
    [Range(0.05, 1.0)]
    public double MaxWaitShare { get; set; } = 0.8;

    /// <summary>The longest retry-after. Callers beyond it are told this much and have no place kept for them.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan MaxRetryAfter { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a kept place waits for its caller after the time it was told.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan PromiseGrace { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Places kept for callers of one agent at most.</summary>
    [Range(1, 10_000_000)]
    public int MaxPromises { get; set; } = 200_000;

    /// <summary>Share of the measured drain rate that is promised to callers who come back; the rest is for newcomers and for what is parked.</summary>
    [Range(0.1, 1.0)]
    public double PromisedShare { get; set; } = 0.95;

    /// <summary>The time over which the drain rate is measured.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan DrainWindow { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How old a reading of the database may be when a submission is decided by it.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:01:00")]
    public TimeSpan ReadingAge { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Parked submissions of one agent that one process holds while it waits for a slot.</summary>
    [Range(1, 1000)]
    public int WaitingPrefetch { get; set; } = 8;

    /// <summary>How long one is held before it goes back to its queue. Below the broker's consumer timeout, see <c>infra/rabbitmq</c>.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan HoldLimit { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How often a held submission looks for a slot that another process freed.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:01:00")]
    public TimeSpan LookAgain { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often the counters of open invocations are set right by counting.</summary>
    [Range(typeof(TimeSpan), "00:00:10", "1.00:00:00")]
    public TimeSpan ReconcileInterval { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How often the broker is asked for the depth of the queues.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00")]
    public TimeSpan DepthInterval { get; set; } = TimeSpan.FromSeconds(1);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (LowWater > HighWater)
        {
            yield return new ValidationResult($"Admission:LowWater is '{LowWater}', above Admission:HighWater '{HighWater}'. An agent that closes must open again below that.", [nameof(LowWater)]);
        }
    }
}
