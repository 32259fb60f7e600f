using MassTransit;
using Pipeline.Contracts.ToolCalls;
using Pipeline.Orchestrator.Agents;

namespace Pipeline.Orchestrator.Invocations;

/// <summary>
/// When a turn's parallel calls have been waited for long enough, and what is told of those that are not awaited any longer. They are not
/// recalled: a tool that has begun ends by itself, within its own time limit, and its late result is ignored by name.
/// </summary>
internal static class FanOutJoin
{
    /// <summary>True where the next turn may begin: every call is settled, or the agent's rule is met or can no longer be met.</summary>
    /// <param name="rule">The agent's rule.</param>
    /// <param name="pending">What is pending after the newest result, as <see cref="PendingCalls"/> has it.</param>
    /// <param name="failed">True where the newest result is a failure.</param>
    public static bool IsOver(JoinRule rule, byte[]? pending, bool failed) =>
        pending is null || rule.Kind switch
        {
            JoinKind.All => failed,
            // Met only by the tool's own results: an open circuit's fallback answers at once, and would win every race.
            JoinKind.AtLeast => PendingCalls.Results(pending) >= rule.Count,
            _ => false,
        };

    /// <summary>Ends the wait where <see cref="IsOver"/> says so; the calls without a result are written down as not awaited.</summary>
    public static EventActivityBinder<InvocationState, T> Join<T>(this EventActivityBinder<InvocationState, T> binder, AgentCatalog agents, bool failed, ILogger logger, TimeProvider time)
        where T : class =>
        binder.Then(context =>
        {
            var saga = context.Saga;
            var rule = agents.Get(saga.Agent, saga.AgentVersion).FanOut.Join;
            if (saga.PendingCalls is not { } pending || !IsOver(rule, pending, failed))
            {
                return;
            }

            List<int> left = [.. PendingCalls.Indexes(pending)];
            saga.PendingCalls = null;
            context.NotAwaited(left, NoLongerAwaited(rule), time);
            logger.JoinEnded(saga.CorrelationId, saga.Turn, rule, left.Count);
        });

    /// <summary>
    /// The calls that are to be sent: those that can be; none where the rule wants all of them and one cannot be. An effect for a turn that
    /// has failed already should not happen.
    /// </summary>
    public static IReadOnlyList<int> ToSend(JoinRule rule, IReadOnlyList<int> possible, IReadOnlyList<ToolCallRequest> calls) =>
        rule.Kind == JoinKind.All && possible.Count < calls.Count ? [] : possible;

    public static string NotRun(JoinRule rule) => $"This call was not run: another call of the same turn could not be run, and the rule '{rule}' wants all of them. Correct that one and ask for both again.";

    private static string NoLongerAwaited(JoinRule rule) =>
        $"The result of this call was no longer awaited when the rule '{rule}' was decided. It may have run or be running still; do not assume that it did not.";
}
