using MassTransit;
using Pipeline.Contracts.Invocations;
using Pipeline.ServiceDefaults;

namespace Pipeline.EmbeddedHost.Sample;

/// <summary>Listens to <c>pipeline.events</c> as an upstream system would.</summary>
internal sealed class TerminalEventConsumer(TerminalEvents events) : IConsumer<InvocationEvent>
{
    public static PipelineEndpoint Endpoint { get; } = new()
    {
        QueueName = "embedded-host-events",
        Configure = (context, queue) =>
        {
            queue.ConfigureConsumeTopology = true;
            context.ConfigureConsumer<TerminalEventConsumer>(queue);
        },
    };

    public Task Consume(ConsumeContext<InvocationEvent> context)
    {
        events.Add(context.Message);
        return Task.CompletedTask;
    }
}
