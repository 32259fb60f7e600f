using MassTransit;
using Pipeline.Contracts;
using Pipeline.Contracts.Completions;
using Pipeline.LlmGateway.Pools;
using Pipeline.LlmGateway.Providers;

namespace Pipeline.LlmGateway.Completions;

/// <summary>Answers every request for a completion exactly once for each delivery: with the model's turn, or with why there is none.</summary>
internal sealed class RequestCompletionConsumer(ModelPoolCatalog pools, CompletionRunner runner, AnswerSender sender, ILogger<RequestCompletionConsumer> logger)
    : IConsumer<RequestCompletion>
{
    public async Task Consume(ConsumeContext<RequestCompletion> context)
    {
        var request = context.Message;
        if (pools.Find(request.Pool) is not { } asked)
        {
            await RefuseAsync(context, FailureCode.ModelPoolUnknown, $"No pool '{request.Pool}' is configured here. Configure Llm:Pools:{request.Pool}, or correct the agent's definition.");
            return;
        }

        var effort = new EffortCount();
        var (outcome, pool) = await RunAsync(asked, effort, context);
        CrashPoint.Reach(CrashPoint.BeforeAnswer);
        if (outcome is ModelAnswer answer)
        {
            logger.CompletionAnswered(request.InvocationId, request.Turn, pool.Name, answer.Usage.InputTokens, answer.Usage.OutputTokens);
            await sender.SendAsync(context, Received(request, answer, pool, effort, degraded: pool != asked));
        }
        else
        {
            var failure = (ModelFailure)outcome;
            await RefuseAsync(context, CodeOf(failure.Kind), $"Pool '{pool.Name}': {failure.Reason}", effort.At(pool.Name));
        }
    }

    private async Task<(ModelOutcome Outcome, ModelPool Pool)> RunAsync(ModelPool asked, EffortCount effort, ConsumeContext<RequestCompletion> context)
    {
        try
        {
            return await runner.RunAsync(asked, context.Message, effort, context.CancellationToken);
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            throw;
        }
#pragma warning disable CA1031 // The boundary: a bug of ours must not leave the invocation waiting for its deadline.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            logger.GatewayFailed(failure, context.Message.InvocationId, context.Message.Turn);
            return (new ModelFailure(ModelFailureKind.Unavailable, $"The gateway failed with '{failure.GetType().Name}'; its log says more."), asked);
        }
    }

    private async Task RefuseAsync(ConsumeContext<RequestCompletion> context, string code, string reason, CompletionEffort? effort = null)
    {
        var request = context.Message;
        logger.CompletionRefused(request.InvocationId, request.Turn, code, reason);
        await sender.SendAsync(context, new CompletionFailed { InvocationId = request.InvocationId, Turn = request.Turn, Code = code, Reason = reason, Effort = effort });
    }

    private static CompletionReceived Received(RequestCompletion request, ModelAnswer answer, ModelPool pool, EffortCount effort, bool degraded) => new()
    {
        InvocationId = request.InvocationId,
        Turn = request.Turn,
        Text = answer.Text,
        ToolCalls = answer.ToolCalls,
        FinishReason = answer.FinishReason,
        Usage = answer.Usage,
        Model = answer.Model ?? pool.Model,
        Provider = pool.Endpoint.Provider,
        Degraded = degraded,
        Effort = effort.At(pool.Name),
    };

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
