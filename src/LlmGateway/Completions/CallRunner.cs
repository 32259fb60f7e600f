using System.Text.Json;
using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.Contracts.Completions;
using Pipeline.LlmGateway.Accounting;
using Pipeline.LlmGateway.Holding;
using Pipeline.LlmGateway.Ownership;
using Pipeline.LlmGateway.Providers;
using Pipeline.LlmGateway.RateLimits;
using Pipeline.LlmGateway.Writes;

namespace Pipeline.LlmGateway.Completions;

/// <summary>Makes one admitted call: writes it down, asks the provider, and turns the outcome into an answer or another wait.</summary>
internal sealed class CallRunner(
    long epoch, Dispatcher dispatcher, GroupWriter writer, Answers answers, RetryPolicy retries, IOptions<OwnershipOptions> ownership, CompletionMetrics metrics, TimeProvider time, ILogger<CallRunner> logger)
{
    /// <param name="admitted">What goes now.</param>
    /// <param name="cut">Cuts the call off: another process has taken the domains, or the stop's patience is over. The next owner asks again.</param>
    public async Task RunAsync(Admitted admitted, CancellationToken cut)
    {
        var request = admitted.Request;
        try
        {
            request.Calls++;
            var dispatch = new DispatchWrite(admitted.Key, Describe(admitted), epoch);
            await writer.WriteAsync(dispatch, cut);
            CrashPoint.Reach(CrashPoint.AfterDispatch);
            if (dispatch.Request is not { Body: { } body } stored)
            {
                dispatcher.NotSent(admitted);
                dispatcher.Forget(admitted.Key);
                logger.RequestGone(request.InvocationId, request.Turn);
                return;
            }

            if (time.GetElapsedTime(dispatch.At) > ownership.Value.LatestStart)
            {
                // The process stood still. Whether it is still the owner is asked again, by the next dispatch.
                logger.StartedLate(request.InvocationId, request.Turn, ownership.Value.LatestStart.TotalSeconds);
                dispatcher.NotSent(admitted);
                await writer.WriteAsync(new ReturnWrite(admitted.Key, request.Pool, null, End(admitted, ModelCall.NotSent, null, default(Charge))), cut);
                dispatcher.Return(admitted, request.Pool, TimeSpan.Zero);
                return;
            }

            using var span = metrics.StartRequest(admitted.Pool.Name, request.InvocationId, request.Turn, stored.ReplyTo.TraceParent);
            await AskAsync(admitted, body, stored.ReplyTo, cut);
        }
        catch (Exception e) when (e is FencedException || cut.IsCancellationRequested)
        {
            // The row stays as it is: the next owner knows that the outcome is not known.
        }
#pragma warning disable CA1031 // The boundary: a bug of ours must not leave the invocation waiting for its deadline.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            logger.GatewayFailed(failure, request.InvocationId, request.Turn);
            var outcome = new ModelFailure(ModelFailureKind.Unavailable, $"The gateway failed with '{failure.GetType().Name}'; its log says more.");
            dispatcher.Ended(admitted, outcome);
            await RefuseAsync(request, admitted.Pool.Name, outcome, admitted.Effort, End(admitted, ModelCall.Unknown, null, null), null, cut);
        }
        finally
        {
            // Where no outcome was reported: a key that was looked at again is looked at by the next call.
            admitted.Ring.GiveBack(admitted.ApiKey);
        }
    }

    /// <summary>Answers a request that no model answers.</summary>
    public async Task RefuseAsync(HeldRequest request, string pool, ModelFailure failure, EffortCount effort, CallEnd? call, ReplyTo? replyTo, CancellationToken cut)
    {
        var key = new CompletionKey(request.InvocationId, request.Turn);
        var code = CodeOf(failure.Kind);
        var reason = $"Pool '{pool}': {failure.Reason}";
        logger.CompletionRefused(request.InvocationId, request.Turn, code, reason);
        dispatcher.Forget(key);
        try
        {
            var answer = new CompletionFailed { InvocationId = request.InvocationId, Turn = request.Turn, Code = code, Reason = reason, Effort = effort.At(pool) };
            await answers.AnswerAsync(key, new StoredAnswer(null, answer), call, replyTo, cut);
        }
        catch (Exception e) when (e is FencedException || cut.IsCancellationRequested)
        {
            // The next owner finds it as it was.
        }
#pragma warning disable CA1031 // The boundary: nobody waits for this task.
        catch (Exception e)
#pragma warning restore CA1031
        {
            logger.GatewayFailed(e, request.InvocationId, request.Turn);
        }
    }

    private async Task AskAsync(Admitted admitted, byte[] body, ReplyTo replyTo, CancellationToken cut)
    {
        var (request, pool) = (admitted.Request, admitted.Pool);
        var left = request.Deadline - time.GetUtcNow();
        if (left <= TimeSpan.Zero)
        {
            dispatcher.NotSent(admitted);
            await RefuseAsync(request, pool.Name, retries.Expired(request), admitted.Effort, End(admitted, ModelCall.NotSent, null, default(Charge)), replyTo, cut);
            return;
        }

        CrashPoint.Reach(CrashPoint.BeforeCall);
        var started = time.GetTimestamp();
        var asked = CompletionJson.Read<RequestCompletion>(body);
        var outcome = await CallAsync(admitted, asked, left, cut);
        admitted.Ring.Report(admitted.ApiKey, outcome);
        if (outcome is ModelFailure { Kind: ModelFailureKind.CircuitOpen })
        {
            admitted.Effort.CircuitOpen();
        }
        else
        {
            admitted.Effort.Called(time.GetElapsedTime(started));
        }

        CrashPoint.Reach(CrashPoint.AfterCall);
        if (outcome is ModelFailure { Kind: ModelFailureKind.Throttled or ModelFailureKind.SlowDown })
        {
            admitted.Effort.Throttled();
        }

        var settled = dispatcher.Ended(admitted, outcome);
        if (outcome is ModelAnswer answer)
        {
            pool.Estimates.Learn(asked, answer.Usage);
            pool.Estimates.Settled(admitted.Domain.Name, admitted.Reservation.Charge, settled);
            logger.CompletionAnswered(request.InvocationId, request.Turn, pool.Name, answer.Usage.InputTokens, answer.Usage.OutputTokens);
            dispatcher.Forget(admitted.Key);
            await answers.AnswerAsync(admitted.Key, new StoredAnswer(Received(admitted, answer), null), End(admitted, ModelCall.Answered, answer.Usage, settled), replyTo, cut);
            return;
        }

        var failure = (ModelFailure)outcome;
        var end = End(admitted, FailureTable.Of(failure.Kind).Limits == LimitEffect.NotSent ? ModelCall.NotSent : NameOf(failure.Kind), failure.Usage, settled);
        switch (retries.Decide(request, pool, failure))
        {
            case NextStep.TryAgain again:
                if (again.Wait > TimeSpan.Zero)
                {
                    logger.AttemptFailed(request.InvocationId, request.Turn, pool.Name, failure.Kind, again.Wait.TotalMilliseconds, failure.Reason);
                }

                await ReturnAsync(admitted, pool.Name, again.Wait, end, cut);
                break;

            case NextStep.FallBack next:
                logger.FellBack(request.InvocationId, request.Turn, pool.Name, next.Pool, failure.Reason);
                admitted.Effort.FellBack(pool.Name, failure.Reason);
                await ReturnAsync(admitted, next.Pool, TimeSpan.Zero, end, cut);
                break;

            default:
                await RefuseAsync(request, pool.Name, failure, admitted.Effort, end, replyTo, cut);
                break;
        }
    }

    private async Task<ModelOutcome> CallAsync(Admitted admitted, RequestCompletion body, TimeSpan left, CancellationToken cut)
    {
        using var expiry = new CancellationTokenSource(left, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cut, expiry.Token);
        try
        {
            return await admitted.Pool.Circuit.CallAsync(token => admitted.Pool.Endpoint.CompleteAsync(body with { MaxOutputTokens = admitted.MaxOutputTokens }, admitted.ApiKey, token), either.Token);
        }
        catch (OperationCanceledException) when (!cut.IsCancellationRequested)
        {
            return retries.Expired(admitted.Request);
        }
    }

    private async Task ReturnAsync(Admitted admitted, string pool, TimeSpan wait, CallEnd end, CancellationToken cut)
    {
        // Not waited for: the next dispatch is written after it in any case.
        await writer.EnqueueAsync(new ReturnWrite(admitted.Key, pool, wait > TimeSpan.Zero ? time.GetUtcNow() + wait : null, end), cut);
        dispatcher.Return(admitted, pool, wait);
    }

    private ModelCall Describe(Admitted admitted)
    {
        var charge = ChargeOf(admitted.Reservation.Charge);
        return new ModelCall
        {
            InvocationId = admitted.Request.InvocationId,
            Turn = admitted.Request.Turn,
            Attempt = admitted.Request.Calls,
            Tenant = admitted.Request.Tenant,
            Agent = admitted.Request.Agent,
            Pool = admitted.Pool.Name,
            Domain = admitted.Domain.Name,
            KeyAlias = admitted.ApiKey.Alias,
            Model = admitted.Pool.Model,
            DispatchedAt = time.GetUtcNow(),
            ArrivalTokens = charge.ArrivalTokens,
            ArrivalInput = charge.ArrivalInput,
            ArrivalOutput = charge.ArrivalOutput,
            ProducedTokens = charge.ProducedTokens,
            ProducedInput = charge.ProducedInput,
            ProducedOutput = charge.ProducedOutput,
            ReservedTokens = charge.ArrivalTokens + charge.ProducedTokens,
        };
    }

    private CallEnd End(Admitted admitted, string outcome, TokenUsage? usage, Charge? settled) =>
        new(admitted.Request.Calls, time.GetUtcNow(), outcome, usage, settled is { } charge ? ChargeOf(charge) : null);

    private static CallCharge ChargeOf(in Charge charge) => new(
        Whole(charge.AtArrival.Tokens), Whole(charge.AtArrival.InputTokens), Whole(charge.AtArrival.OutputTokens),
        Whole(charge.AsProduced.Tokens), Whole(charge.AsProduced.InputTokens), Whole(charge.AsProduced.OutputTokens));

    private static long Whole(double tokens) => (long)Math.Ceiling(tokens);

    private static CompletionReceived Received(Admitted admitted, ModelAnswer answer) => new()
    {
        InvocationId = admitted.Request.InvocationId,
        Turn = admitted.Request.Turn,
        Text = answer.Text,
        ToolCalls = answer.ToolCalls,
        FinishReason = answer.FinishReason,
        Usage = answer.Usage,
        Model = answer.Model ?? admitted.Pool.Model,
        Provider = admitted.Pool.Endpoint.Provider,
        Degraded = admitted.Pool.Name != admitted.Request.AskedPool,
        Effort = admitted.Effort.At(admitted.Pool.Name),
    };

    private static string NameOf(ModelFailureKind kind) => JsonNamingPolicy.SnakeCaseLower.ConvertName(kind.ToString());

    private static string CodeOf(ModelFailureKind kind) => kind switch
    {
        ModelFailureKind.CredentialsExhausted or ModelFailureKind.KeyRefused or ModelFailureKind.QuotaExhausted => FailureCode.ModelCredentialsExhausted,
        ModelFailureKind.Refused => FailureCode.ModelRequestRefused,
        ModelFailureKind.TooLarge or ModelFailureKind.ContextExceeded => FailureCode.ModelRequestTooLarge,
        ModelFailureKind.AnswerInvalid => FailureCode.ModelAnswerInvalid,
        ModelFailureKind.DeadlineExceeded => FailureCode.DeadlineExceeded,
        _ => FailureCode.ModelUnavailable,
    };
}
