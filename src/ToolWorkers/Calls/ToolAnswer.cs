using Pipeline.Contracts;

namespace Pipeline.ToolWorkers.Calls;

/// <summary>The answer to one call, as it is recorded and sent: a result, or a failure code with its reason.</summary>
public sealed record ToolAnswer
{
    /// <summary>The content for the model; null where the call failed.</summary>
    public string? Result { get; init; }

    public bool IsFallback { get; init; }

    public string? FallbackCode { get; init; }

    /// <summary>Where the fallback is an earlier result: when the tool gave it.</summary>
    public DateTimeOffset? AsOf { get; init; }

    /// <summary>Where another tool is to answer instead: that tool. <see cref="Result"/> is then what is answered where it cannot.</summary>
    public string? StandIn { get; init; }

    /// <summary>Where this tool stood in for another: this tool.</summary>
    public string? AnsweredBy { get; init; }

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

    /// <summary>The answer of a tool that stands in for another: a fallback either way.</summary>
    public ToolAnswer For(Contracts.ToolCalls.StandInFor standIn, string tool) => Result is not null && !IsFallback
        ? this with { IsFallback = true, FallbackCode = standIn.Code, AnsweredBy = tool }
        : Fallback(standIn.Otherwise, standIn.Code, TimeSpan.FromMilliseconds(DurationMs));

    public static ToolAnswer Fallback(string content, string code, TimeSpan duration = default) =>
        new() { Result = content, IsFallback = true, FallbackCode = code, DurationMs = duration.TotalMilliseconds };
}
