using Pipeline.Contracts.Explanations;

namespace Pipeline.Orchestrator.Explanations;

/// <summary>Divides an invocation's elapsed time by cause. Turns and their tools follow one another, so that their parts add up to the whole.</summary>
internal static class TimeShares
{
    public static IReadOnlyList<TimeShare> Of(IReadOnlyList<ExplainedTurn> turns, double elapsed)
    {
        var causes = new Dictionary<string, double>();
        foreach (var turn in turns)
        {
            AddTurn(turn, Add);
            if (turn.Calls.MaxBy(x => x.TookMs) is { } last)
            {
                AddCall(last, Add);
            }
        }

        Add("other", elapsed - causes.Values.Sum());
        return [.. causes.OrderByDescending(x => x.Value).ThenBy(x => x.Key, StringComparer.Ordinal).Select(x => new TimeShare
        {
            Cause = x.Key,
            Ms = x.Value,
            Percent = elapsed <= 0 ? 0 : x.Value / elapsed * 100,
        })];

        void Add(string cause, double ms)
        {
            // Fractions that are left over from adding up are nobody's time.
            if (ms > 0.001)
            {
                causes[cause] = causes.GetValueOrDefault(cause) + ms;
            }
        }
    }

    private static void AddTurn(ExplainedTurn turn, Action<string, double> add)
    {
        if (turn.Effort is not { } effort)
        {
            add("model", turn.TookMs);
            return;
        }

        // What a gateway with another clock accounts for beyond the turn's own time is cut, in this order.
        var left = turn.TookMs;
        foreach (var (cause, ms) in new[] { ("model_call", effort.CallMs), ("model_limits", effort.HeldMs), ("model_retries", effort.RetryDelayMs) })
        {
            add(cause, Math.Min(left, ms));
            left -= Math.Min(left, ms);
        }

        add("model_queue", left);
    }

    private static void AddCall(ExplainedCall call, Action<string, double> add)
    {
        if (call.QueuedMs is not { } queued)
        {
            add("tool", call.TookMs);
            return;
        }

        add("tool_run", call.RanMs ?? 0);
        add("tool_worker", call.HeldMs ?? 0);
        add("tool_queue", queued);
    }
}
