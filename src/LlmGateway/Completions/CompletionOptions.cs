using System.ComponentModel.DataAnnotations;
using Pipeline.LlmGateway.Pools;

namespace Pipeline.LlmGateway.Completions;

/// <summary>How long the gateway keeps what it stored, and how it makes sure that answers arrive. Section <c>Llm</c>.</summary>
public sealed class CompletionOptions
{
    public const string Section = LlmOptions.Section;

    /// <value>How long an answered request is kept: a redelivery within that time is answered from the store and not paid again.</value>
    [Range(typeof(TimeSpan), "00:05:00", "365.00:00:00")]
    public TimeSpan KeepCompletions { get; set; } = TimeSpan.FromDays(1);

    /// <value>How long the accounts keep each call.</value>
    [Range(typeof(TimeSpan), "01:00:00", "3650.00:00:00")]
    public TimeSpan KeepCalls { get; set; } = TimeSpan.FromDays(30);

    /// <value>How often what is older is deleted.</value>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan CleanupInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <value>How often answers that the broker has not confirmed are sent again.</value>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan AnswerSweep { get; set; } = TimeSpan.FromSeconds(15);

    /// <value>How often it is published how much waits for a pool, as long as something does.</value>
    [Range(typeof(TimeSpan), "00:00:00.5", "1.00:00:00")]
    public TimeSpan PressureInterval { get; set; } = TimeSpan.FromSeconds(2);
}
