using MassTransit;
using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.Contracts.ToolCalls;
using Pipeline.ServiceDefaults.Databases;
using Pipeline.ToolWorkers.Persistence;

namespace Pipeline.ToolWorkers.Calls;

/// <summary>
/// Outermost: every delivery ends in exactly one answer, or fails and is delivered again. What needs no tool is answered here (a recorded
/// answer, a passed deadline, wrong arguments); what the tool did is recorded before it is sent.
/// </summary>
internal sealed class ToolAnswerFilter(
    ServedTool tool,
    CallRecords records,
    CallsInFlight inFlight,
    AnswerSender sender,
    WorkerInstance instance,
    DatabaseCircuit<ToolWorkersDbContext> database,
    ToolMetrics metrics,
    IOptions<ToolsOptions> options,
    TimeProvider time,
    ILogger<ToolAnswerFilter> logger) : IFilter<ConsumeContext<RunTool>>
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>How long a delivery is held while the database's circuit is open. Below the broker's consumer timeout of 30 minutes.</summary>
    private static readonly TimeSpan OutagePatience = TimeSpan.FromMinutes(15);

    private bool HasEffects => tool.Manifest.Effects != ToolEffects.ReadOnly;

    public async Task Send(ConsumeContext<RunTool> context, IPipe<ConsumeContext<RunTool>> next)
    {
        CrashPoint.Reach(CrashPoint.Received, tool.Name);
        // A new one for each attempt: the retry filter outside passes the same context again.
        var delivery = new ToolDelivery();
        context.AddOrUpdatePayload(() => delivery, _ => delivery);
        try
        {
            if (!HasEffects)
            {
                await SendAsync(context, await RunAsync(context, delivery, next), repeated: false);
                return;
            }

            using var turn = await inFlight.EnterAsync(context.Message.CallId, context.CancellationToken);
            var recorded = await RecordedAsync(context.Message, context.CancellationToken);
            await SendAsync(context, recorded ?? await RunAsync(context, delivery, next), repeated: recorded is not null);
        }
        catch (Exception e) when (DatabaseFailure.Is(e))
        {
            if (context.Message.Deadline <= time.GetUtcNow())
            {
                // Nobody waits for it any longer: no further delivery, but an answer that claims no more than is known.
                await SendAsync(context, UnrecordedAfterDeadline(context.Message), repeated: false);
                return;
            }

            await OutlastAsync(context);
            throw new DeliveryFailedException($"The call '{context.Message.CallId}' of '{tool.Name}' could not be recorded. Its message is delivered again.", e);
        }
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("toolAnswer");

    private async Task<ToolAnswer> RunAsync(ConsumeContext<RunTool> context, ToolDelivery delivery, IPipe<ConsumeContext<RunTool>> next)
    {
        var call = context.Message;
        if (Refusal(call, delivery) is { } refusal)
        {
            // Not recorded: nothing was done, and the next delivery would decide the same.
            return refusal;
        }

        await next.Send(context);
        var answer = ResultLimit.Apply(
            tool.Manifest,
            delivery.Answer ?? throw new InvalidOperationException($"The call '{call.CallId}' of '{tool.Name}' ended without an answer."),
            options.Value.MaxResultBytes);

        // The tool has run: what came of it is recorded even if this process is being stopped. Bounded by the command's own time limit.
        var counts = HasEffects ? await records.FinishAsync(call, answer, CancellationToken.None) : answer;
        CrashPoint.Reach(CrashPoint.AfterRecord, tool.Name);
        return counts;
    }

    /// <summary>
    /// Holds the delivery until the database can be asked again, or the call's deadline. Without it an open circuit, which refuses at once,
    /// would use up the deliveries of a message far sooner than the database that it stands for.
    /// </summary>
    private async Task OutlastAsync(ConsumeContext<RunTool> context)
    {
        var (now, held) = (time.GetUtcNow(), context.ReceiveContext.ElapsedTime);
        var patience = new[] { context.Message.Deadline - now, OutagePatience - held }.Min();
        if (!database.Circuit.IsOpen || patience <= TimeSpan.Zero)
        {
            return;
        }

        logger.HeldForDatabase(tool.Name, context.Message.CallId, context.Message.InvocationId, patience);
        try
        {
            await database.Circuit.WhenClosedAsync(context.CancellationToken).WaitAsync(patience, time, context.CancellationToken);
        }
        catch (TimeoutException)
        {
            // The retry that follows answers for a passed deadline, or gives the delivery back.
        }
    }

    private ToolAnswer UnrecordedAfterDeadline(RunTool call) => ToolAnswer.Failed(
        tool.Manifest.Effects == ToolEffects.OnceOnly ? FailureCode.ToolOutcomeUnknown : FailureCode.DeadlineExceeded,
        $"The deadline {call.Deadline:O} passed while the database with the records of '{tool.Name}' did not answer. Whether the call was run before is not known; check before you call it again.");

    private ToolAnswer? Refusal(RunTool call, ToolDelivery delivery)
    {
        if (call.Tool != tool.Name)
        {
            return ToolAnswer.Failed(FailureCode.ToolUnknown, $"The tool '{ReasonText.Bounded(call.Tool)}' is not '{tool.Name}', to whose queue the call was sent. Send it to '{QueueName.Tool("<its name>")}'.");
        }

        if (call.Deadline <= time.GetUtcNow())
        {
            return ToolAnswer.Failed(FailureCode.DeadlineExceeded, $"The deadline {call.Deadline:O} had passed before the tool '{tool.Name}' was run; it was not run.");
        }

        if (call.CallId.Length is 0 or > CallRecord.MaxCallIdLength)
        {
            return ToolAnswer.Failed(FailureCode.ArgumentsInvalid, $"The call id has {call.CallId.Length} characters; it must have 1 to {CallRecord.MaxCallIdLength}. Use a shorter id.");
        }

        var violations = ArgumentCheck.Violations(tool, call.Arguments, options.Value.MaxArgumentBytes, out var arguments);
        delivery.Arguments = arguments;
        return violations is null ? null : ToolAnswer.Failed(FailureCode.ArgumentsInvalid, violations);
    }

    /// <summary>The answer that an earlier delivery of the call leaves no choice about; null where the call is to be run.</summary>
    private async Task<ToolAnswer?> RecordedAsync(RunTool call, CancellationToken cancellationToken)
    {
        if (await records.FindAsync(call.CallId, cancellationToken) is not { } record)
        {
            return null;
        }

        if (record.Tool != call.Tool)
        {
            return ToolAnswer.Failed(FailureCode.ToolFailed, $"The call id '{call.CallId}' was used before for the tool '{record.Tool}'. Give each call its own id.");
        }

        if (record.Answer() is { } answer)
        {
            return answer;
        }

        if (tool.Manifest.Effects != ToolEffects.OnceOnly || tool.RecordsOutcome)
        {
            return null;
        }

        // Begun and not finished. Not by this process (the call's turn is ours); perhaps by one that is about to finish it.
        while (record.StartedBy != instance.Name && time.GetUtcNow() < record.LeaseUntil)
        {
            await Task.Delay(PollInterval, time, cancellationToken);
            if ((await records.FindAsync(call.CallId, cancellationToken))?.Answer() is { } finished)
            {
                return finished;
            }
        }

        logger.OutcomeUnknown(tool.Name, call.CallId, record.StartedAt, record.StartedBy);
        var unknown = ToolAnswer.Failed(
            FailureCode.ToolOutcomeUnknown,
            $"The tool '{tool.Name}' was interrupted after it began at {record.StartedAt:O}. Whether its effect happened is not known, and it is not repeated. Check before you call it again.");
        return await records.FinishAsync(call, unknown, cancellationToken);
    }

    private async Task SendAsync(ConsumeContext<RunTool> context, ToolAnswer decided, bool repeated)
    {
        // Again here: what a tool recorded itself has not been through it.
        var answer = ResultLimit.Apply(tool.Manifest, decided, options.Value.MaxResultBytes);
        if (context.Message.StandInFor is { } standIn)
        {
            answer = answer.For(standIn, tool.Name);
        }

        await sender.SendAsync(context, answer);
        CrashPoint.Reach(CrashPoint.AfterAnswer, tool.Name);
        if (!context.ReceiveContext.IsDelivered)
        {
            // Answered without the consumer: said so, or the bus takes the message for one that nobody consumed and moves it to _skipped.
            await context.NotifyConsumed(context.ReceiveContext.ElapsedTime, nameof(ToolAnswerFilter));
        }

        var outcome = answer.Code ?? (answer.IsFallback ? "fallback" : "succeeded");
        metrics.Answered(tool.Name, outcome, repeated);
        logger.Answered(tool.Name, context.Message.CallId, context.Message.InvocationId, outcome, repeated, answer.DurationMs);
    }
}
