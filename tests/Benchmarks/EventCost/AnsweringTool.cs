using MassTransit;
using Pipeline.Benchmarks.Invocations;
using Pipeline.Contracts;
using Pipeline.Contracts.ToolCalls;
using Pipeline.ServiceDefaults;

namespace Pipeline.Benchmarks.EventCost;

/// <summary>Stands for the tool workers, likewise.</summary>
internal sealed class AnsweringTool : IConsumer<RunTool>
{
    public static IEnumerable<PipelineEndpoint> Endpoints { get; } = new[] { BenchmarkAgent.FirstTool, BenchmarkAgent.SecondTool }.Select(tool => new PipelineEndpoint
    {
        QueueName = QueueName.Tool(tool),
        Configure = (context, queue) => context.ConfigureConsumer<AnsweringTool>(queue),
    });

    public async Task Consume(ConsumeContext<RunTool> context)
    {
        var call = context.Message;
        var events = await context.GetSendEndpoint(new Uri($"exchange:{QueueName.InvocationEvents}"));
        await events.Send(
            new ToolSucceeded { InvocationId = call.InvocationId, Turn = call.Turn, CallId = call.CallId, Tool = call.Tool, Result = "{}", DurationMs = 0 },
            context.CancellationToken);
    }
}
