using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Pipeline.Contracts;
using Pipeline.Contracts.Completions;
using Pipeline.Contracts.Explanations;
using Pipeline.Contracts.Invocations;
using Pipeline.Contracts.ToolCalls;
using Pipeline.Orchestrator.Invocations;

namespace Pipeline.Orchestrator.Explanations;

/// <summary>
/// Tells the story of one invocation from its row and its timeline. When something was requested follows from the entry before it: a turn
/// is requested as the last result of the turn before comes in, the tools of a turn as its answer does.
/// </summary>
internal sealed class ExplanationComposer(InvocationState row, IReadOnlyList<TimelineEntry> entries, DateTimeOffset now)
{
    private readonly DateTimeOffset _end = row.EndedAt is { } ended ? Utc(ended) : now;

    private bool Open => row.EndedAt is null;

    public InvocationExplanation Compose()
    {
        var turns = Turns();
        var elapsed = Ms(Utc(row.AcceptedAt), _end);
        var waits = Open ? WaitsFor(turns) : null;
        return new InvocationExplanation
        {
            InvocationId = row.CorrelationId,
            Tenant = row.Tenant,
            Agent = row.Agent,
            AgentVersion = row.AgentVersion,
            State = row.CurrentState,
            Session = row.Session,
            AcceptedAt = Utc(row.AcceptedAt),
            Deadline = Utc(row.Deadline),
            EndedAt = row.EndedAt is { } ended ? Utc(ended) : null,
            ElapsedMs = elapsed,
            Degraded = row.Degraded,
            Code = row.Code,
            Reason = row.Reason,
            Summary = ExplanationText.Summary(row, elapsed, waits),
            Advice = ExplanationText.Advice(row, waits, now),
            WaitsFor = waits,
            Usage = new InvocationUsage { Turns = row.Turn, ToolCalls = row.ToolCalls, InputTokens = row.InputTokens, OutputTokens = row.OutputTokens },
            Turns = turns,
            Shares = TimeShares.Of(turns, elapsed),
            Notes = Notes(turns),
        };
    }

    private List<ExplainedTurn> Turns()
    {
        var turns = new List<ExplainedTurn>();
        var requestedAt = Utc(row.AcceptedAt);
        foreach (var turn in entries.Where(x => x.Turn > 0).GroupBy(x => x.Turn).OrderBy(x => x.Key))
        {
            turns.Add(Turn(turn.Key, requestedAt, [.. turn]));
            requestedAt = Utc(turn.Last().At);
        }

        if (Open && row.Turn > turns.Count && entries.Count < ExplanationQueries.LargestTimeline)
        {
            turns.Add(Unanswered(row.Turn, requestedAt, "waiting", null, null));
        }

        return turns;
    }

    private ExplainedTurn Turn(int number, DateTimeOffset requestedAt, List<TimelineEntry> own)
    {
        if (own.Find(x => x.Kind == TimelineKind.ModelAnswered) is { } answered)
        {
            var answer = Read(answered, TimelineJson.Stored.ModelAnsweredPayload);
            var at = Utc(answered.At);
            var took = Ms(requestedAt, at);
            return new ExplainedTurn
            {
                Turn = number,
                RequestedAt = requestedAt,
                AnsweredAt = at,
                TookMs = took,
                Outcome = "answered",
                QueuedMs = Queued(took, answer.Effort),
                Effort = answer.Effort,
                Provider = answer.Provider,
                Model = answer.Model,
                InputTokens = answer.Usage.InputTokens,
                OutputTokens = answer.Usage.OutputTokens,
                FinishReason = answer.FinishReason,
                Degraded = answer.Degraded,
                Why = ExplanationText.Why(took, Queued(took, answer.Effort), answer.Effort, answer.Degraded),
                Calls = Calls(at, answer.ToolCalls ?? [], own),
            };
        }

        if (own.Find(x => x.Kind == TimelineKind.ModelFailed) is { } failed)
        {
            var failure = Read(failed, TimelineJson.Stored.ModelFailedPayload);
            return Unanswered(number, requestedAt, "failed", failure, Utc(failed.At));
        }

        return Unanswered(number, requestedAt, "abandoned", null, null);
    }

    private ExplainedTurn Unanswered(int number, DateTimeOffset requestedAt, string outcome, ModelFailedPayload? failure, DateTimeOffset? at)
    {
        var took = Ms(requestedAt, at ?? _end);
        var queued = Queued(took, failure?.Effort);
        return new ExplainedTurn
        {
            Turn = number,
            RequestedAt = requestedAt,
            AnsweredAt = at,
            TookMs = took,
            Outcome = outcome,
            QueuedMs = queued,
            Effort = failure?.Effort,
            Code = failure?.Code,
            Reason = failure?.Reason,
            Why = ExplanationText.Why(took, queued, failure?.Effort, false),
            Calls = [],
        };
    }

    private List<ExplainedCall> Calls(DateTimeOffset requestedAt, IReadOnlyList<ToolCallRequest> requests, List<TimelineEntry> own)
    {
        // An answer past a limit ends the invocation before its tools are asked.
        if (requests.Count == 0 || (row.Turn == own[0].Turn && row.Code is FailureCode.TurnLimitReached or FailureCode.TokenLimitReached or FailureCode.ToolCallLimitReached))
        {
            return [];
        }

        var results = new ExplainedCall?[requests.Count];
        foreach (var entry in own)
        {
            var call = entry.Kind switch
            {
                TimelineKind.ToolSucceeded => Succeeded(requestedAt, Utc(entry.At), Read(entry, TimelineJson.Stored.ToolResultPayload)),
                TimelineKind.ToolFailed => Failed(requestedAt, Utc(entry.At), Read(entry, TimelineJson.Stored.ToolFailedPayload)),
                _ => null,
            };
            if (call is not null && call.Index < results.Length)
            {
                results[call.Index] = call;
            }
        }

        return [.. results.Select((x, index) => x ?? new ExplainedCall
        {
            Index = index,
            Tool = requests[index].Name,
            RequestedAt = requestedAt,
            TookMs = Ms(requestedAt, _end),
            Outcome = Open ? "waiting" : "abandoned",
        })];
    }

    private static ExplainedCall Succeeded(DateTimeOffset requestedAt, DateTimeOffset at, ToolResultPayload result) => Explained(new ExplainedCall
    {
        Index = result.Index,
        Tool = result.Tool,
        RequestedAt = requestedAt,
        AnsweredAt = at,
        TookMs = Ms(requestedAt, at),
        Outcome = result.Fallback ? "fallback" : "succeeded",
        RanMs = result.DurationMs,
        Circuit = result.Circuit,
        Redelivered = result.Redelivered,
        Truncated = result.Truncated,
        Code = result.FallbackCode,
    }, result.WorkerMs);

    private static ExplainedCall Failed(DateTimeOffset requestedAt, DateTimeOffset at, ToolFailedPayload failure) => Explained(new ExplainedCall
    {
        Index = failure.Index,
        Tool = failure.Tool,
        RequestedAt = requestedAt,
        AnsweredAt = at,
        TookMs = Ms(requestedAt, at),
        Outcome = "failed",
        RanMs = failure.DurationMs,
        Circuit = failure.Circuit,
        Redelivered = failure.Redelivered,
        Code = failure.Code,
        Reason = failure.Reason,
    }, failure.WorkerMs);

    private static ExplainedCall Explained(ExplainedCall call, double? workerMs)
    {
        // Clocks of several machines: no part is negative or more than the whole.
        var ran = Math.Min(call.RanMs ?? 0, call.TookMs);
        var worker = workerMs is { } had ? Math.Clamp(had, ran, Math.Max(ran, call.TookMs)) : (double?)null;
        var parts = call with { RanMs = ran, HeldMs = worker - ran, QueuedMs = call.TookMs - worker };
        return parts with { Why = ExplanationText.Why(parts) };
    }

    private PresentWait WaitsFor(List<ExplainedTurn> turns)
    {
        var turn = turns.LastOrDefault();
        var pending = turn?.Calls.Where(x => x.Outcome == "waiting").ToList() ?? [];
        if (row.PendingCalls is not null && turn is not null && pending.Count > 0)
        {
            return Wait("tools", [.. pending.Select(x => QueueName.Tool(x.Tool)).Distinct()], pending[0].RequestedAt);
        }

        // The pool is the agent's; what was asked before is the best witness of it.
        var pool = turns.Select(x => x.Effort is { FallbackReason: null } effort ? effort.Pool : null).LastOrDefault(x => x is not null);
        return Wait("model", pool is null ? [] : [QueueName.ModelPool(pool)], turn?.RequestedAt ?? Utc(row.AcceptedAt));
    }

    private PresentWait Wait(string what, IReadOnlyList<string> queues, DateTimeOffset since) => new() { For = what, Queues = queues, Since = since, WaitedMs = Ms(since, now) };

    private List<string> Notes(List<ExplainedTurn> turns)
    {
        var notes = new List<string> { "Late and repeated answers are ignored and leave no entry: they cannot be seen here. The orchestrator's log (event ids 1001 and 1002) has them." };
        if (turns.Exists(x => x.Outcome == "answered" && x.Effort is null))
        {
            notes.Add("Some turns were answered by a gateway that does not tell what they took: their time is not divided further.");
        }

        if (entries.Count == ExplanationQueries.LargestTimeline)
        {
            notes.Add($"Only the first {ExplanationQueries.LargestTimeline} of {row.LastSeq} timeline entries were read.");
        }

        return notes;
    }

    private static double? Queued(double took, CompletionEffort? effort) => effort is null ? null : Math.Max(0, took - effort.HeldMs - effort.RetryDelayMs - effort.CallMs);

    private static T Read<T>(TimelineEntry entry, JsonTypeInfo<T> json) => JsonSerializer.Deserialize(entry.Payload, json)
        ?? throw new InvalidOperationException($"Entry '{entry.Seq}' of invocation '{entry.InvocationId}' has no payload.");

    private static double Ms(DateTimeOffset from, DateTimeOffset to) => Math.Max(0, (to - from).TotalMilliseconds);

    private static DateTimeOffset Utc(DateTime time) => new(DateTime.SpecifyKind(time, DateTimeKind.Utc));
}
