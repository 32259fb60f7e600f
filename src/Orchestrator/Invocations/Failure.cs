namespace Pipeline.Orchestrator.Invocations;

/// <summary>Why something ended without a result.</summary>
/// <param name="Code">One of <see cref="Contracts.FailureCode"/>.</param>
/// <param name="Reason">What happened, the value, what to do.</param>
public sealed record Failure(string Code, string Reason);
