using System.ComponentModel.DataAnnotations;

namespace Pipeline.Orchestrator.DeadLetters;

/// <summary>What becomes of messages that could not be processed. Section <c>DeadLetters</c>.</summary>
public sealed class DeadLetterOptions
{
    public const string Section = "DeadLetters";

    /// <summary>Takes them from the broker's queues into the database. False leaves them where they are.</summary>
    public bool Collect { get; set; } = true;

    /// <summary>How often the queues are looked at.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Bytes of a body that are kept; what a larger one has beyond is lost, and a replay of it is refused.</summary>
    [Range(1024, 64 * 1024 * 1024)]
    public int MaxBodyBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>Letters that wait for a decision. At the limit nothing more is collected: the broker keeps the rest.</summary>
    [Range(1, 100_000_000)]
    public int MaxKept { get; set; } = 100_000;

    /// <summary>How long they are kept, whatever became of them.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "3650.00:00:00")]
    public TimeSpan Keep { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How long the broker may take to confirm one that is replayed.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:05:00")]
    public TimeSpan SendTimeout { get; set; } = TimeSpan.FromSeconds(10);
}
