using Pipeline.Contracts;

namespace Pipeline.ToolWorkers.Calls;

/// <summary>The answer to one call, as it is recorded and sent: a result, or a failure code with its reason.</summary>
public sealed record ToolAnswer
{
    /// <summary>The content for the model; null where the call failed.</summary>
    public string? Result { get; init; }

    public bool IsFallback { get; init; }

    public string? FallbackCode { get; init; }

    public bool Truncated { get; init; }

    /// <summary>One of <see cref="FailureCode"/>; null where there is a result.</summary>
    public string? Code { get; init; }

    public string? Reason { get; init; }

    public double DurationMs { get; init; }

    public static ToolAnswer Succeeded(ToolOutput output, TimeSpan duration) => output.FailureCode is { } code
        ? Failed(code, ReasonText.Bounded(output.Content), duration)
        : new() { Result = output.Content, DurationMs = duration.TotalMilliseconds };

    public static ToolAnswer Failed(string code, string reason, TimeSpan duration = default) =>
        new() { Code = code, Reason = reason, DurationMs = duration.TotalMilliseconds };

    public static ToolAnswer Fallback(string content, string code, TimeSpan duration = default) =>
        new() { Result = content, IsFallback = true, FallbackCode = code, DurationMs = duration.TotalMilliseconds };
}
