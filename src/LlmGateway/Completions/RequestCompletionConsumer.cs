using System.Diagnostics;
using MassTransit;
using Pipeline.Contracts;
using Pipeline.Contracts.Completions;
using Pipeline.LlmGateway.Holding;
using Pipeline.LlmGateway.Ownership;
using Pipeline.LlmGateway.Persistence;
using Pipeline.LlmGateway.Pools;
using Pipeline.LlmGateway.Writes;

namespace Pipeline.LlmGateway.Completions;

/// <summary>
/// Takes requests in: each is stored, once, before its delivery is acknowledged. One that was asked for before is answered from the store, or
/// waits already. Where too many are held, deliveries wait here, and the rest in the broker.
/// </summary>
internal sealed class RequestCompletionConsumer(
    DomainGroup group, Dispatcher dispatcher, GroupWriter writer, Answers answers, AnswerSender sender, RetryPolicy retries, ModelPoolCatalog pools, TimeProvider time, ILogger<RequestCompletionConsumer> logger)
    : IConsumer<RequestCompletion>
{
    public async Task Consume(ConsumeContext<RequestCompletion> context)
    {
        var request = context.Message;
        var key = new CompletionKey(request.InvocationId, request.Turn);
        var replyTo = new ReplyTo(context.ResponseAddress?.ToString(), context.RequestId, context.ConversationId, context.CorrelationId, Activity.Current?.Id);
        if (Problem(request, replyTo) is var (code, reason))
        {
            logger.CompletionRefused(request.InvocationId, request.Turn, code, reason);
            var failed = new CompletionFailed { InvocationId = request.InvocationId, Turn = request.Turn, Code = code, Reason = reason };
            await sender.SendAsync(key, new StoredAnswer(null, failed), replyTo, context.CancellationToken);
            return;
        }

        await dispatcher.RoomAsync(context.CancellationToken);
        var write = new HoldWrite(RowOf(request, replyTo), row => dispatcher.Add(HeldFrom(row)));
        await writer.WriteAsync(write, context.CancellationToken);
        CrashPoint.Reach(CrashPoint.Received);
        if (write.Before is { } before)
        {
            logger.AskedBefore(request.InvocationId, request.Turn, before);
            if (before is CompletionState.Completed or CompletionState.Answered)
            {
                await answers.AgainAsync(key, replyTo, context.CancellationToken);
            }
        }
    }

    /// <summary>What is kept in memory of a stored request.</summary>
    public static HeldRequest HeldFrom(CompletionRow row) => new()
    {
        InvocationId = row.InvocationId,
        Turn = row.Turn,
        Tenant = row.Tenant,
        Agent = row.Agent,
        AskedPool = row.AskedPool,
        Pool = row.Pool,
        IsInteractive = row.Priority != "batch",
        EnqueuedAt = row.EnqueuedAt,
        Deadline = row.Deadline,
        PromptTokens = row.PromptTokens,
        MaxOutputTokens = row.MaxOutputTokens,
        Calls = row.Attempt,
        NotBefore = row.NotBefore ?? default,
    };

    private (string Code, string Reason)? Problem(RequestCompletion request, ReplyTo replyTo)
    {
        if (pools.Find(request.Pool) is null)
        {
            return (FailureCode.ModelPoolUnknown, $"No pool '{request.Pool}' is configured here. Configure Llm:Pools:{request.Pool}, or correct the agent's definition.");
        }

        if (!group.Pools.Contains(request.Pool))
        {
            return (FailureCode.ModelPoolUnknown, $"Pool '{request.Pool}' was asked for in the queue of another one. Send it to '{QueueName.ModelPool(request.Pool)}'.");
        }

        if (request.Tenant.Length > LlmGatewayDbContext.MaxNameLength || request.Agent.Length > LlmGatewayDbContext.MaxNameLength)
        {
            return (FailureCode.ModelRequestRefused, $"The names of tenant and agent are '{request.Tenant.Length}' and '{request.Agent.Length}' characters long; at most {LlmGatewayDbContext.MaxNameLength} are taken.");
        }

        return replyTo.Address?.Length > CompletionRow.MaxAddressLength
            ? (FailureCode.ModelRequestRefused, $"The response address is '{replyTo.Address.Length}' characters long; at most {CompletionRow.MaxAddressLength} are taken.")
            : null;
    }

    private CompletionRow RowOf(RequestCompletion request, ReplyTo replyTo)
    {
        var now = time.GetUtcNow();
        return new CompletionRow
        {
            InvocationId = request.InvocationId,
            Turn = request.Turn,
            Tenant = request.Tenant,
            Agent = request.Agent,
            AskedPool = request.Pool,
            Pool = request.Pool,
            Priority = request.Priority is "batch" ? "batch" : null,
            State = CompletionState.Held,
            EnqueuedAt = now,
            Deadline = retries.HoldsUntil(now, request.Deadline.ToUniversalTime()),
            PromptTokens = (int)Math.Min(pools.Find(request.Pool)!.Estimates.PromptOf(request), int.MaxValue),
            MaxOutputTokens = request.MaxOutputTokens,
            Body = CompletionJson.Write(request),
            ResponseAddress = replyTo.Address,
            RequestId = replyTo.RequestId,
            ConversationId = replyTo.ConversationId,
            CorrelationId = replyTo.CorrelationId,
            TraceParent = replyTo.TraceParent,
        };
    }
}
