using MassTransit;
using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.Contracts.Invocations;
using Pipeline.Orchestrator.Ingress;
using Pipeline.SagaStore;
using Pipeline.ServiceDefaults;

namespace Pipeline.Orchestrator.Admission;

/// <summary>
/// Lets submissions that the rules allow through to the saga, as many as the agent may have open. What a full agent means depends on who
/// asked: a caller who waits for an answer is told when to come back; a submission that nobody waits for is parked in a queue of its own.
/// </summary>
internal sealed class AdmissionDesk(
    AgentLoads loads,
    DeferralDesk deferrals,
    WaitingQueue waiting,
    AdmissionMetrics metrics,
    IOptions<AdmissionOptions> options,
    IOptions<BusOptions> bus,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<AdmissionDesk> logger)
{
    private static readonly TimeSpan SendLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan OutagePatience = TimeSpan.FromMinutes(10);

    /// <summary>A submission of <c>invocations.&lt;agent&gt;</c>.</summary>
    /// <param name="agent">Whose queue it is.</param>
    /// <param name="context">The delivery.</param>
    /// <param name="accept">Hands it to the saga.</param>
    /// <param name="answerByKey">Answers for the invocation that has its key under another id.</param>
    /// <exception cref="GivenBackException">The delivery goes back to its queue.</exception>
    public async Task DecideAsync(string agent, ConsumeContext<SubmitInvocation> context, Func<Task> accept, Func<Task> answerByKey)
    {
        var load = loads.Of(agent);
        await RefreshAsync(load, isExhausted: false, context.CancellationToken);
        if (AmqpDelivery.ReplyOf(context) is null && context.ResponseAddress is null)
        {
            await DecideUnaskedAsync(load, context, accept);
        }
        else
        {
            await DecideAskedAsync(load, context, accept, answerByKey);
        }
    }

    /// <summary>A submission of <c>invocations.&lt;agent&gt;.waiting</c>: held until a slot is free.</summary>
    /// <exception cref="GivenBackException">None was free for as long as a delivery may be held.</exception>
    public async Task WaitAsync(string agent, ConsumeContext<SubmitInvocation> context, Func<Task> accept)
    {
        waiting.Hold(agent, 1);
        try
        {
            await HoldAsync(loads.Of(agent), context, accept, () => Task.FromResult(false));
        }
        finally
        {
            waiting.Hold(agent, -1);
        }
    }

    private async Task DecideAskedAsync(AgentLoad load, ConsumeContext<SubmitInvocation> context, Func<Task> accept, Func<Task> answerByKey)
    {
        if (load.Pacing.TryAdmitNewcomer() || await ReadAgainAsync(load, load.Pacing.TryAdmitNewcomer, context.CancellationToken))
        {
            if (await AcceptAsync(load, context, accept, load.Pacing.Limits.HighWater, "accepted"))
            {
                return;
            }
        }

        var caller = CallerIdentity.Of(context);
        DeferralAnswer answer;
        try
        {
            answer = await deferrals.AskAsync(load, caller, context.CancellationToken);
        }
        catch (Exception e) when (e is TimeoutException || DatabaseOutage.Is(e))
        {
            answer = new DeferralAnswer(DeferralKind.NoPlace, Now() + options.Value.MaxRetryAfter);
        }

        if (answer.Kind == DeferralKind.KeyAcceptedBefore)
        {
            await answerByKey();
            return;
        }

        if (answer.Kind is DeferralKind.Due or DeferralKind.AcceptedBefore)
        {
            if (answer.Kind == DeferralKind.Due)
            {
                load.Pacing.AdmitPromised();
            }

            if (await AcceptAsync(load, context, accept, load.Pacing.Limits.Cap, answer.Kind == DeferralKind.Due ? "accepted_promised" : "accepted"))
            {
                return;
            }

            answer = new DeferralAnswer(DeferralKind.Promised, await deferrals.PromiseSoonAsync(load, caller, context.CancellationToken));
        }

        await DeferAsync(load, context, caller, answer);
    }

    private async Task DecideUnaskedAsync(AgentLoad load, ConsumeContext<SubmitInvocation> context, Func<Task> accept)
    {
        var agent = load.Agent.Name;
        if (!waiting.HasWaiting(agent)
            && (load.Pacing.TryAdmitParked() || await ReadAgainAsync(load, load.Pacing.TryAdmitParked, context.CancellationToken))
            && await AcceptAsync(load, context, accept, load.Pacing.Limits.HighWater, "accepted"))
        {
            return;
        }

        if (await MoveAsync(load, context))
        {
            return;
        }

        // The last wall: the delivery stays in our hands, the queue behind it fills up to its max-length, and a confirming publisher sees the nack.
        await HoldAsync(load, context, accept, () => MoveAsync(load, context));
    }

    private async Task<bool> MoveAsync(AgentLoad load, ConsumeContext<SubmitInvocation> context)
    {
        var (agent, queue) = (load.Agent.Name, QueueName.WaitingInvocations(load.Agent.Name));
        try
        {
            await waiting.MoveAsync(agent, context);
        }
#pragma warning disable CA1031 // Refused, unconfirmed, broker away: in each case the delivery is still ours.
        catch (Exception e) when (!context.CancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            metrics.Decided(agent, "held");
            logger.ParkingRefused(context.Message.InvocationId ?? Guid.Empty, queue, e);
            return false;
        }

        CrashPoint.Reach(CrashPoint.Parked);
        metrics.Decided(agent, "parked");
        logger.Parked(context.Message.InvocationId ?? Guid.Empty, queue);
        await context.NotifyConsumed(context.ReceiveContext.ElapsedTime, nameof(AdmissionDesk));
        return true;
    }

    /// <summary>Holds a delivery until it is accepted, or something else becomes of it.</summary>
    private async Task HoldAsync(AgentLoad load, ConsumeContext<SubmitInvocation> context, Func<Task> accept, Func<Task<bool>> otherwise)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        // Only a broker can take a delivery back.
        var giveBackAt = bus.Value.Transport == BusTransport.RabbitMq ? time.GetUtcNow() + options.Value.HoldLimit : DateTimeOffset.MaxValue;
        while (true)
        {
            var freed = load.Freed;
            await RefreshAsync(load, isExhausted: false, context.CancellationToken);
            if ((load.Pacing.TryAdmitParked() || await ReadAgainAsync(load, load.Pacing.TryAdmitParked, context.CancellationToken))
                && await AcceptAsync(load, context, accept, load.Pacing.Limits.HighWater, "accepted"))
            {
                return;
            }

            if (time.GetUtcNow() >= giveBackAt)
            {
                throw new GivenBackException($"The submission was held for '{options.Value.HoldLimit}' and the agent '{load.Agent.Name}' is still full; it goes back to its queue.");
            }

            using var done = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
            await Task.WhenAny(freed, Task.Delay(options.Value.LookAgain * (0.5 + Random.Shared.NextDouble()), time, done.Token));
            await done.CancelAsync();
            if (stop.IsCancellationRequested)
            {
                throw new GivenBackException("This process stops; the submission goes back to its queue.");
            }

            if (await otherwise())
            {
                return;
            }
        }
    }

    /// <returns>False where no slot was left; nothing has happened then.</returns>
    private async Task<bool> AcceptAsync(AgentLoad load, ConsumeContext<SubmitInvocation> context, Func<Task> accept, int limit, string decision)
    {
        context.AddOrUpdatePayload(() => new AdmissionTicket(limit), _ => new AdmissionTicket(limit));
        try
        {
            await accept();
        }
        catch (Exception e) when (AgentFullException.Is(e))
        {
            load.Pacing.WasFull();
            return false;
        }

        metrics.Decided(load.Agent.Name, decision);
        return true;
    }

    private async Task DeferAsync(AgentLoad load, ConsumeContext<SubmitInvocation> context, CallerIdentity caller, DeferralAnswer answer)
    {
        var (submission, now) = (context.Message, Now());
        var longest = (int)options.Value.MaxRetryAfter.TotalSeconds;
        var seconds = Math.Clamp((int)Math.Ceiling((answer.NotBefore - now).TotalSeconds), 1, longest);
        metrics.Deferred(load.Agent.Name, answer.Kind, seconds);
        logger.Deferred(caller.Id, load.Agent.Name, answer.Kind, seconds);
        var deferred = new InvocationEvent
        {
            InvocationId = caller.Id,
            Tenant = submission.Tenant,
            Agent = submission.Agent,
            Session = submission.Session,
            Event = InvocationEventName.Deferred,
            At = new DateTimeOffset(now, TimeSpan.Zero),
            Metadata = submission.Metadata,
            Code = FailureCode.AdmissionDeferred,
            Reason = $"The agent '{submission.Agent}' is full. Submit the same again in '{seconds}' s, with the same invocationId, idempotencyKey or message_id: a place is kept for it.",
            RetryAfterSeconds = seconds,
        };
        if (answer.Kind == DeferralKind.NoPlace)
        {
            deferred = deferred with { Reason = $"The agent '{submission.Agent}' is full, and so many wait that no place is kept. Submit the same again in '{seconds}' s." };
        }

        try
        {
            await SubmissionRefusal.AnswerAsync(context, deferred).WaitAsync(SendLimit, time, context.CancellationToken);
            await SubmissionRefusal.PublishAsync(context, deferred).WaitAsync(SendLimit, time, context.CancellationToken);
        }
        catch (TimeoutException)
        {
            throw new GivenBackException("The broker did not take the answer of a deferral; the submission goes back to its queue.");
        }

        await context.NotifyConsumed(context.ReceiveContext.ElapsedTime, nameof(AdmissionDesk));
    }

    private async Task<bool> ReadAgainAsync(AgentLoad load, Func<bool> tryAdmit, CancellationToken cancellationToken)
    {
        await RefreshAsync(load, isExhausted: true, cancellationToken);
        return tryAdmit();
    }

    /// <summary>Waits for the database as long as the gate does: a submission must not end in the error queue because it is being restarted.</summary>
    private async Task RefreshAsync(AgentLoad load, bool isExhausted, CancellationToken cancellationToken) =>
        await DatabaseOutage.OutlastAsync(
            async () =>
            {
                await load.RefreshAsync(isExhausted, cancellationToken);
                return true;
            },
            OutagePatience,
            time,
            cancellationToken);

    private DateTime Now() => time.GetUtcNow().UtcDateTime;
}
