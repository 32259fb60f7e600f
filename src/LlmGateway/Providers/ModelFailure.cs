using Pipeline.Contracts.Completions;

namespace Pipeline.LlmGateway.Providers;

/// <summary>No answer, and why.</summary>
/// <param name="Kind">What follows from it.</param>
/// <param name="Reason">What happened, for people; free of keys.</param>
internal sealed record ModelFailure(ModelFailureKind Kind, string Reason) : ModelOutcome
{
    /// <summary>How long the provider asks us to stay away.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>What was billed all the same, where an answer that cannot be used says it.</summary>
    public TokenUsage? Usage { get; init; }

    /// <summary>The HTTP status, where there was one.</summary>
    public int? Status { get; init; }
}
