using MassTransit;
using Microsoft.EntityFrameworkCore;
using Pipeline.Contracts;
using Pipeline.Contracts.Invocations;
using Pipeline.Orchestrator.Admission;
using Pipeline.Orchestrator.Agents;
using Pipeline.Orchestrator.Invocations;
using Pipeline.Orchestrator.Persistence;
using Pipeline.SagaStore;

namespace Pipeline.Orchestrator.Ingress;

/// <summary>Stands before the saga on every queue of submissions: what it lets through starts an invocation or is recognised as one.</summary>
internal sealed class SubmissionGate(AgentDefinition agent, SubmissionRules rules, SubmissionRefusal refusal, AdmissionDesk desk, InvocationMetrics metrics, IServiceScopeFactory scopes, TimeProvider time) : IFilter<ConsumeContext<SubmitInvocation>>
{
    /// <summary>
    /// The gate must not give up a submission that the saga's store would have kept. With the store's own 15 minutes after it, still below
    /// the half hour after which a broker takes a delivery for lost.
    /// </summary>
    private static readonly TimeSpan OutagePatience = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    public async Task Send(ConsumeContext<SubmitInvocation> context, IPipe<ConsumeContext<SubmitInvocation>> next)
    {
        var submission = context.Message;
        var key = SubmissionIdentity.KeyOf(context);
        var failure = submission.Agent == agent.Name
            ? rules.Check(submission) ?? await IdentityTakenAsync(submission, key, context.CancellationToken)
            : rules.Check(submission) ?? new Failure(FailureCode.SubmissionInvalid, $"The body names agent '{submission.Agent}', the routing key '{agent.Name}'. They must be the same.");
        if (failure is not null)
        {
            await refusal.RefuseAsync(context, SubmissionRefusal.EventFor(submission), failure);
        }

        metrics.Submitted(agent.Name);
        await desk.DecideAsync(agent.Name, context, () => AcceptAsync(context, next, key), () => AnswerForOtherIdentityAsync(context, key!));
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("submissionGate");

    private async Task AcceptAsync(ConsumeContext<SubmitInvocation> context, IPipe<ConsumeContext<SubmitInvocation>> next, string? key)
    {
        try
        {
            await next.Send(context);
        }
        catch (SagaConcurrencyException) when (key is not null)
        {
            await AnswerForOtherIdentityAsync(context, key);
        }
    }

    /// <summary>A submission that brings both an id and a key (or a message id in its place) must not give a key that another invocation has.</summary>
    private async Task<Failure?> IdentityTakenAsync(SubmitInvocation submission, string? key, CancellationToken cancellationToken)
    {
        if (submission.InvocationId is not { } id || key is null)
        {
            return null;
        }

        var taken = await AskAsync(x => x.AnyAsync(y => y.Tenant == submission.Tenant && y.Agent == submission.Agent && y.IdempotencyKey == key && y.CorrelationId != id, cancellationToken), cancellationToken);
        return taken
            ? new Failure(FailureCode.IdempotencyConflict, $"The idempotency key '{key}' belongs to another invocation than '{id}'. Leave invocationId out to mean that one, or use a new key.")
            : null;
    }

    /// <summary>
    /// The key stands beside an id that an earlier submission brought, so no row with the id that follows from the key can be written.
    /// The same body means that invocation; another one is refused.
    /// </summary>
    private async Task AnswerForOtherIdentityAsync(ConsumeContext<SubmitInvocation> context, string key)
    {
        var (submission, id) = (context.Message, SubmissionIdentity.Of(context));
        var other = await AskAsync(
                x => x.SingleOrDefaultAsync(y => y.Tenant == submission.Tenant && y.Agent == submission.Agent && y.IdempotencyKey == key && y.CorrelationId != id, context.CancellationToken),
                context.CancellationToken)
            ?? throw new InvalidOperationException($"The submission under key '{key}' was overtaken by other writers, and none of them is to be found. It is tried again.");
        if (!SubmissionIdentity.HashOf(submission).AsSpan().SequenceEqual(other.SubmissionHash))
        {
            await refusal.RefuseAsync(
                context,
                SubmissionRefusal.EventFor(submission),
                new Failure(FailureCode.IdempotencyConflict, $"The idempotency key '{key}' was used before with another body. Use a new one for a new request."));
        }

        await SubmissionRefusal.AnswerAsync(context, other.Event(InvocationEventName.Accepted, time));
        await context.NotifyConsumed(context.ReceiveContext.ElapsedTime, nameof(SubmissionGate));
    }

    /// <summary>Asks until the database answers: a submission must not end in the error queue because the database is being restarted.</summary>
    private async Task<T> AskAsync<T>(Func<IQueryable<InvocationState>, Task<T>> question, CancellationToken cancellationToken)
    {
        var giveUpAt = time.GetUtcNow() + OutagePatience;
        for (var pause = TimeSpan.FromMilliseconds(100); ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                return await question(scope.ServiceProvider.GetRequiredService<OrchestratorDbContext>().Invocations.AsNoTracking());
            }
            catch (Exception e) when (time.GetUtcNow() < giveUpAt && DatabaseFailure.Is(e))
            {
                await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), time, cancellationToken);
            }
        }
    }
}
