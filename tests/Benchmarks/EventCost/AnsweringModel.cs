using MassTransit;
using Pipeline.Benchmarks.Invocations;
using Pipeline.Contracts;
using Pipeline.Contracts.Completions;
using Pipeline.Contracts.ToolCalls;
using Pipeline.ServiceDefaults;

namespace Pipeline.Benchmarks.EventCost;

/// <summary>Stands for the gateway: answers at once and touches no database, so that every transaction is the orchestrator's.</summary>
internal sealed class AnsweringModel : IConsumer<RequestCompletion>
{
    private static readonly TokenUsage Usage = new() { InputTokens = 40, OutputTokens = 10 };

    private static readonly ToolCallRequest[] Calls =
    [
        new() { Id = "t1", Name = BenchmarkAgent.FirstTool, Arguments = """{"id":"1"}""" },
        new() { Id = "t2", Name = BenchmarkAgent.SecondTool, Arguments = """{"id":"2"}""" },
    ];

    public static PipelineEndpoint Endpoint { get; } = new()
    {
        QueueName = QueueName.ModelPool(BenchmarkAgent.Pool),
        Configure = (context, queue) => context.ConfigureConsumer<AnsweringModel>(queue),
    };

    public async Task Consume(ConsumeContext<RequestCompletion> context)
    {
        var request = context.Message;
        var first = request.Turn == 1;
        var events = await context.GetSendEndpoint(new Uri($"exchange:{QueueName.InvocationEvents}"));
        await events.Send(
            new CompletionReceived { InvocationId = request.InvocationId, Turn = request.Turn, Text = first ? null : "Done.", ToolCalls = first ? Calls : null, FinishReason = first ? "tool_calls" : "stop", Usage = Usage },
            context.CancellationToken);
    }
}
