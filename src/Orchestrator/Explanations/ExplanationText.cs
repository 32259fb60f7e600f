using System.Globalization;
using Pipeline.Contracts;
using Pipeline.Contracts.Completions;
using Pipeline.Contracts.Explanations;
using Pipeline.Orchestrator.Invocations;

namespace Pipeline.Orchestrator.Explanations;

/// <summary>The sentences of an explanation.</summary>
internal static class ExplanationText
{
    private const double WorthATelling = 1000;

    public static string Summary(InvocationState row, double elapsed, PresentWait? waits)
    {
        var so = $"after {Span(elapsed)}, {row.Turn} model turn(s), {row.ToolCalls} tool call(s) and {row.InputTokens + row.OutputTokens} tokens";
        if (waits is not null)
        {
            return $"Is '{row.CurrentState}' {so}; waits for {What(waits)} for {Span(waits.WaitedMs)}.";
        }

        var why = row.Code is null ? "" : $" Code '{row.Code}': {row.Reason}";
        var degraded = row.Degraded ? " A fallback stood in for a part of it." : "";
        return $"Ended as '{row.CurrentState}' {so}.{degraded}{why}";
    }

    public static string Advice(InvocationState row, PresentWait? waits, DateTimeOffset now)
    {
        if (waits is not null)
        {
            var left = (new DateTimeOffset(DateTime.SpecifyKind(row.Deadline, DateTimeKind.Utc)) - now).TotalMilliseconds;
            var queues = waits.Queues.Count == 0 ? "the queue of its model pool" : string.Join(", ", waits.Queues.Select(x => $"'{x}'"));
            return left <= 0
                ? "Its deadline has passed: the sweeper ends it within seconds. If it stays, no orchestrator runs."
                : $"Nothing yet; it expires in {Span(left)} unless it is answered. If it waits too long, see whether {queues} has consumers and whether it grows.";
        }

        return row.Code switch
        {
            null when row.Degraded => "See which call or turn fell back, and mend what it fell back from; the answer may say less than usual.",
            null => "Nothing: it ended as it should.",
            FailureCode.DeadlineExceeded => "See below what took the time. Allow more with limits.deadlineSeconds or the submission's deadline, or make that part faster.",
            FailureCode.TurnLimitReached or FailureCode.TokenLimitReached or FailureCode.ToolCallLimitReached => "See in the turns why it did not come to an end; raise the limit in the agent's file if it was about to.",
            FailureCode.Cancelled => "Nothing: somebody asked for it. Submit again under another idempotency key to run it after all.",
            FailureCode.ModelCredentialsExhausted => "Check the provider's key, quota and billing, then submit again under another idempotency key.",
            FailureCode.ModelRequestRefused or FailureCode.ModelRequestTooLarge => "Repeating it cannot help: change the input, the prompt or the tools.",
            FailureCode.ModelPoolUnknown => "Configure the pool in the gateway, or name another one in the agent's file.",
            _ => "Mend the cause that the reason names, then submit again under another idempotency key.",
        };
    }

    /// <summary>Why a turn took its time; null where it is not worth a sentence.</summary>
    public static string? Why(double took, double? queued, CompletionEffort? effort, bool degraded)
    {
        if (effort is null)
        {
            return null;
        }

        var parts = new List<string>();
        if (effort.HeldMs >= Math.Min(WorthATelling, took / 4) && effort.HeldMs >= 1)
        {
            parts.Add($"held {Span(effort.HeldMs)} by the limits of pool '{effort.Pool}'");
        }

        if (effort.Throttled > 0)
        {
            parts.Add($"the provider throttled {effort.Throttled} of {effort.Calls} calls");
        }
        else if (effort.Calls > 1)
        {
            parts.Add($"called {effort.Calls} times, {Span(effort.RetryDelayMs)} between the calls");
        }

        if (effort.CircuitWasOpen)
        {
            parts.Add("a pool's circuit was open");
        }

        if (effort.FallbackReason is { } reason)
        {
            parts.Add($"{(degraded ? $"pool '{effort.Pool}' stood in" : "fell back")} ({reason})");
        }

        if (queued >= Math.Max(WorthATelling, took / 4))
        {
            parts.Add($"{Span(queued.Value)} in the pool's queue");
        }

        return parts.Count == 0 ? null : Sentence(parts);
    }

    public static string? Why(ExplainedCall call)
    {
        var parts = new List<string>();
        if (call.Outcome == "fallback")
        {
            parts.Add(call.Circuit is "open" or "isolated" ? $"the circuit was {call.Circuit}: the fallback answered at once" : $"the fallback answered ('{call.Code}')");
        }

        if (call.Redelivered)
        {
            parts.Add("the broker delivered the call more than once");
        }

        if (call.QueuedMs >= Math.Max(WorthATelling, call.TookMs / 4))
        {
            parts.Add($"{Span(call.QueuedMs.Value)} in the queue 'tool.{call.Tool}'");
        }

        if (call.HeldMs >= WorthATelling)
        {
            parts.Add($"{Span(call.HeldMs.Value)} in the worker beside the tool's run");
        }

        if (call.Truncated)
        {
            parts.Add("the result was cut to the limit");
        }

        return parts.Count == 0 ? null : Sentence(parts);
    }

    private static string What(PresentWait waits) => waits.Queues.Count == 0 ? "a model" : $"{(waits.For == "model" ? "a model" : "tools")} ({string.Join(", ", waits.Queues)})";

    private static string Sentence(List<string> parts)
    {
        var text = string.Join("; ", parts);
        return $"{char.ToUpperInvariant(text[0])}{text.AsSpan(1)}.";
    }

    private static string Span(double ms) => ms < 1000
        ? string.Create(CultureInfo.InvariantCulture, $"{ms:0} ms")
        : ms < 120_000
            ? string.Create(CultureInfo.InvariantCulture, $"{ms / 1000:0.0} s")
            : string.Create(CultureInfo.InvariantCulture, $"{ms / 60_000:0.0} min");
}
