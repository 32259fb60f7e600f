namespace Pipeline.Integration.Tests.Effects;

/// <summary>One run of a tool, as the outside world saw it.</summary>
/// <param name="Tool">The tool.</param>
/// <param name="Subject">The invocation that it was for.</param>
/// <param name="Key">The idempotency key; null where none was sent.</param>
public sealed record Effect(string Tool, string Subject, string? Key);
