using MassTransit;
using Pipeline.Contracts;
using Pipeline.Contracts.Invocations;
using Pipeline.ServiceDefaults;

namespace Pipeline.Benchmarks.Invocations;

/// <summary>Submits within the process: the in-memory transport has no other way in.</summary>
internal sealed class BusSubmitter(IBus bus) : ISubmitter, IConsumer<InvocationEvent>
{
    private static readonly System.Text.Json.JsonElement Input = System.Text.Json.JsonSerializer.SerializeToElement(new { question = "What became of my payment?", customer = "cus_1001" });

    public static PipelineEndpoint Endpoint { get; } = new()
    {
        QueueName = "benchmark-events",
        Configure = (context, queue) =>
        {
            queue.ConfigureConsumeTopology = true;
            context.ConfigureConsumer<BusSubmitter>(queue);
        },
    };

    public TerminalEvents Events { get; set; } = new();

    public async Task SubmitAsync(Guid invocation, CancellationToken cancellationToken)
    {
        var endpoint = await bus.GetSendEndpoint(new Uri($"exchange:{QueueName.Invocations(BenchmarkAgent.Name)}"));
        await endpoint.Send(new SubmitInvocation { Tenant = BenchmarkAgent.Tenant, Agent = BenchmarkAgent.Name, InvocationId = invocation, Input = Input }, cancellationToken);
    }

    public Task Consume(ConsumeContext<InvocationEvent> context)
    {
        if (InvocationEventName.IsTerminal(context.Message.Event) || context.Message.Event == InvocationEventName.Rejected)
        {
            Events.Heard(context.Message.InvocationId, context.Message.Event);
        }

        return Task.CompletedTask;
    }
}
