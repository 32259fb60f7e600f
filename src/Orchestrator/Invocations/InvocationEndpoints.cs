using MassTransit;
using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.Contracts.Invocations;
using Pipeline.Orchestrator.Agents;
using Pipeline.Orchestrator.Ingress;
using Pipeline.ServiceDefaults;

namespace Pipeline.Orchestrator.Invocations;

/// <summary>The orchestrator's queues: one of submissions for each agent, one for submissions that no agent takes, one for everything that moves an invocation on.</summary>
internal static class InvocationEndpoints
{
    private const string UnroutedExchange = QueueName.SubmissionExchange + ".unrouted";

    public static IEnumerable<PipelineEndpoint> Describe(IServiceProvider services)
    {
        var options = services.GetRequiredService<IOptions<IngressOptions>>().Value;
        foreach (var agent in services.GetRequiredService<AgentCatalog>().Current)
        {
            yield return new PipelineEndpoint
            {
                QueueName = QueueName.Invocations(agent.Name),
                PrefetchCount = (ushort)options.PrefetchPerAgent,
                BoundTo = new DirectBinding(QueueName.SubmissionExchange, agent.Name, UnroutedExchange),
                Configure = (context, queue) =>
                {
                    TakePlainJson(queue, options);
                    RetryRarely(queue);
                    var gate = ActivatorUtilities.CreateInstance<SubmissionGate>(context, agent);
                    // Not ConfigureSaga: it collects what every endpoint configures for the type, and each submission would pass every gate.
                    queue.StateMachineSaga<InvocationState>(context, saga => saga.Message<SubmitInvocation>(x => x.UseFilter(gate)));
                    context.ConfigureConsumer<UnreadableSubmissionConsumer>(queue);
                },
            };
        }

        yield return new PipelineEndpoint
        {
            QueueName = QueueName.UnroutedInvocations,
            PrefetchCount = (ushort)options.PrefetchPerAgent,
            BoundTo = new DirectBinding(QueueName.SubmissionExchange, null, UnroutedExchange),
            Configure = (context, queue) =>
            {
                TakePlainJson(queue, options);
                RetryRarely(queue);
                context.ConfigureConsumer<UnroutedSubmissionConsumer>(queue);
                context.ConfigureConsumer<UnreadableSubmissionConsumer>(queue);
            },
        };
        yield return new PipelineEndpoint
        {
            QueueName = QueueName.InvocationEvents,
            PrefetchCount = (ushort)options.PrefetchEvents,
            Configure = (context, queue) =>
            {
                RetryRarely(queue);
                context.ConfigureSaga<InvocationState>(queue);
            },
        };
    }

    private static void TakePlainJson(IReceiveEndpointConfigurator queue, IngressOptions options)
    {
        queue.AddDeserializer(new SubmissionDeserializer(options), isDefault: true);
        // A refusal is an answer of ours, not a fault to be told of once more.
        queue.PublishFaults = false;
    }

    // Conflicts and outages are the store's business; this is for what neither of us foresaw.
    private static void RetryRarely(IReceiveEndpointConfigurator queue) => queue.UseMessageRetry(retry =>
    {
        retry.Ignore<SubmissionRefusedException>();
        retry.Exponential(4, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(5), TimeSpan.FromMilliseconds(500));
    });
}
