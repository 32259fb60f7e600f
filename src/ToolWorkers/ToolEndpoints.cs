using MassTransit;
using MassTransit.Middleware;
using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.Contracts.ToolCalls;
using Pipeline.ServiceDefaults;
using Pipeline.ToolWorkers.Calls;
using Pipeline.ToolWorkers.Circuits;

namespace Pipeline.ToolWorkers;

/// <summary>One queue for each served tool, with its own prefetch and concurrency: a slow tool fills its own queue and no other.</summary>
internal static class ToolEndpoints
{
    public static IEnumerable<PipelineEndpoint> Describe(IServiceProvider services) =>
        services.GetRequiredService<ToolCatalog>().Served.Select(tool => new PipelineEndpoint
        {
            QueueName = QueueName.Tool(tool.Name),
            ConcurrentMessageLimit = tool.Manifest.Concurrency,
            // A small look-ahead; the rest of the depth stays in the broker, where it is seen and other replicas can take it.
            PrefetchCount = (ushort)(tool.Manifest.Concurrency + Math.Max(1, tool.Manifest.Concurrency / 4)),
            Configure = (context, queue) => Configure(context, queue, tool),
        });

    private static void Configure(IBusRegistrationContext context, IReceiveEndpointConfigurator queue, ServedTool tool)
    {
        queue.ConfigureError(error =>
        {
            // Only a broker can take a message back; the in-memory transport would lose it.
            if (context.GetRequiredService<IOptions<BusOptions>>().Value.Transport == BusTransport.RabbitMq)
            {
                error.UseFilter(ActivatorUtilities.CreateInstance<RedeliveryFilter>(context, context.GetRequiredService<IOptions<ToolsOptions>>().Value.MaxDeliveries));
            }

            error.UseFilter(new GenerateFaultFilter());
            error.UseFilter(new ErrorTransportFilter());
        });
        queue.UseMessageRetry(retry =>
        {
            retry.Handle<DeliveryFailedException>();
            // Times the deliveries that are allowed: an outage of some minutes of the database or the broker is sat out, not given up.
            retry.Intervals([100, 500, .. Enumerable.Repeat(2000, 8)]);
        });
        // Not ConfigureConsumer: it collects what every endpoint configures for the type, and each call would pass every tool's filters.
        queue.Consumer(context.GetRequiredService<RunToolConsumer>, consumer => consumer.Message<RunTool>(message =>
        {
            message.UseFilter(ActivatorUtilities.CreateInstance<ToolAnswerFilter>(context, tool));
            message.UseFilter(ActivatorUtilities.CreateInstance<ToolBreakerFilter>(context, context.GetRequiredService<ToolCircuits>()[tool.Name]));
        }));
    }
}
