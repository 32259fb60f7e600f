using System.ComponentModel.DataAnnotations;

namespace Pipeline.Orchestrator.Ingress;

/// <summary>Limits of submissions. Section <c>Ingress</c>.</summary>
public sealed class IngressOptions
{
    public const string Section = "Ingress";

    /// <summary>Bytes of <c>input</c>, as JSON.</summary>
    [Range(1, 8 * 1024 * 1024)]
    public int MaxInputBytes { get; set; } = 256 * 1024;

    /// <summary>Bytes of a whole submission. A larger one is not even parsed.</summary>
    [Range(1, 8 * 1024 * 1024)]
    public int MaxBodyBytes { get; set; } = 320 * 1024;

    /// <summary>Submissions of one agent that one process works on at once.</summary>
    [Range(1, 1000)]
    public int PrefetchPerAgent { get; set; } = 16;

    /// <summary>Answers of models and tools, timers and cancellations that one process works on at once.</summary>
    [Range(1, 1000)]
    public int PrefetchEvents { get; set; } = 32;
}
