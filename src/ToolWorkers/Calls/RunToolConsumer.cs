using System.Diagnostics;
using MassTransit;
using Pipeline.Contracts.ToolCalls;
using Pipeline.ToolWorkers.Circuits;

namespace Pipeline.ToolWorkers.Calls;

/// <summary>
/// Runs the tool. Innermost: <see cref="ToolAnswerFilter"/> has checked the call and will answer it, <see cref="ToolBreakerFilter"/> has
/// let it through and sets the time limit.
/// </summary>
internal sealed class RunToolConsumer(
    ToolCircuits circuits,
    CallRecords records,
    IServiceScopeFactory scopes,
    ToolMetrics metrics,
    TimeProvider time) : IConsumer<RunTool>
{
    public async Task Consume(ConsumeContext<RunTool> context)
    {
        var delivery = context.GetPayload<ToolDelivery>();
        var call = context.Message;
        var circuit = circuits[call.Tool];
        var tool = circuit.Tool;
        if (tool.Manifest.Effects == ToolEffects.OnceOnly
            && !await records.StartAsync(tool, call.CallId, context.CancellationToken)
            && !tool.RecordsOutcome)
        {
            throw new DeliveryFailedException($"Another worker process began the call '{call.CallId}' of '{tool.Name}' at this moment. The next delivery reads what became of it.", null);
        }

        CrashPoint.Reach(CrashPoint.BeforeEffect, tool.Name);
        using var span = ToolMetrics.StartExecution(tool.Name, call.CallId, call.InvocationId);
        var began = time.GetTimestamp();
        delivery.Started = !delivery.RunToken.IsCancellationRequested;
        var run = Task.Run(() => RunAsync(tool, ToolCallOf(call, delivery), delivery.RunToken), delivery.RunToken);
#pragma warning disable CA1031 // The boundary to foreign code: whatever it throws is reported to the breaker.
        try
        {
            // Not by awaiting the tool itself: one that ignores its token must not hold the answer.
            delivery.Output = await run.WaitAsync(delivery.RunToken);
            CrashPoint.Reach(CrashPoint.AfterEffect, tool.Name);
        }
        catch (OperationCanceledException e) when (delivery.RunToken.IsCancellationRequested)
        {
            delivery.Failure = e;
            circuit.Abandoned.Add(run, call.CallId);
        }
        catch (Exception e)
        {
            delivery.Failure = new ToolThrewException(e);
        }
#pragma warning restore CA1031

        delivery.Duration = time.GetElapsedTime(began);
        var error = delivery.Failure is ToolThrewException { InnerException: { } thrown } ? thrown.GetType().Name : delivery.Failure is null ? null : "cancelled";
        metrics.Ran(tool.Name, delivery.Duration, error);
        if (error is not null)
        {
            span?.SetTag("error.type", error);
            span?.SetStatus(ActivityStatusCode.Error);
        }
    }

    private async Task<ToolOutput> RunAsync(ServedTool tool, ToolCall call, CancellationToken cancellationToken)
    {
        // A scope of its own, not the delivery's: an abandoned run still uses its database context after the delivery has ended.
        await using var scope = scopes.CreateAsyncScope();
        return await tool.Resolve(scope.ServiceProvider).ExecuteAsync(call, cancellationToken);
    }

    private static ToolCall ToolCallOf(RunTool call, ToolDelivery delivery) => new()
    {
        InvocationId = call.InvocationId,
        CallId = call.CallId,
        Tool = call.Tool,
        Arguments = delivery.Arguments,
        Tenant = call.Tenant,
        Agent = call.Agent,
        Deadline = call.Deadline,
    };
}
