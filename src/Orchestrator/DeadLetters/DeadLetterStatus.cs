namespace Pipeline.Orchestrator.DeadLetters;

/// <summary>What became of a dead letter.</summary>
public static class DeadLetterStatus
{
    /// <summary>It waits for somebody to decide.</summary>
    public const string Kept = "kept";

    /// <summary>It was sent to its queue again; if it fails again, that makes another dead letter.</summary>
    public const string Replayed = "replayed";

    public const string Discarded = "discarded";

    public static readonly IReadOnlyList<string> All = [Kept, Replayed, Discarded];
}
