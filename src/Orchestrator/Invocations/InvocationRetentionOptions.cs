using System.ComponentModel.DataAnnotations;

namespace Pipeline.Orchestrator.Invocations;

/// <summary>How long ended invocations are kept. Section <c>Retention</c>.</summary>
public sealed class InvocationRetentionOptions
{
    public const string Section = "Retention";

    /// <summary>From the end of an invocation to its deletion. An idempotency key is remembered as long.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "3650.00:00:00")]
    public TimeSpan Keep { get; set; } = TimeSpan.FromDays(30);

    [Range(typeof(TimeSpan), "00:00:10", "1.00:00:00")]
    public TimeSpan Interval { get; set; } = TimeSpan.FromMinutes(10);
}
