using MassTransit;
using Pipeline.Contracts;
using Pipeline.Contracts.Invocations;
using Pipeline.ServiceDefaults;

namespace Pipeline.Orchestrator.Invocations;

/// <summary>How events leave: plain JSON, topic exchange <c>pipeline.events</c>, routing key <c>&lt;tenant&gt;.&lt;agent&gt;.&lt;event&gt;</c>.</summary>
internal static class EventTopology
{
    public static void Configure(IBusFactoryConfigurator bus)
    {
        bus.Message<InvocationEvent>(x => x.SetEntityName(QueueName.EventExchange));
        bus.Send<InvocationEvent>(x =>
        {
            x.UseSerializer(PipelineBus.RawJson);
            x.UseRoutingKeyFormatter(context => RoutingKey(context.Message));
        });
        if (bus is IRabbitMqBusFactoryConfigurator rabbit)
        {
            rabbit.Publish<InvocationEvent>(x => x.ExchangeType = "topic");
            // At the start, not with the first event: an upstream system binds its queue before it submits anything.
            rabbit.DeployPublishTopology = true;
        }
    }

    private static string RoutingKey(InvocationEvent message) => $"{Word(message.Tenant)}.{Word(message.Agent)}.{message.Event}";

    // A refused submission can name anything, and a dot would be another word of the key.
    private static string Word(string name) => Agents.AgentCatalog.IsName(name) ? name : "_";
}
