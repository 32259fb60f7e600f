using MassTransit;
using MassTransit.Middleware;
using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.Contracts.Invocations;
using Pipeline.Orchestrator.Admission;
using Pipeline.Orchestrator.Agents;
using Pipeline.Orchestrator.DeadLetters;
using Pipeline.Orchestrator.Ingress;
using Pipeline.SagaStore;
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
                    RetryRarely(context, queue);
                    var gate = ActivatorUtilities.CreateInstance<SubmissionGate>(context, agent);
                    // Not ConfigureSaga: it collects what every endpoint configures for the type, and each submission would pass every gate.
                    queue.StateMachineSaga<InvocationState>(context, saga => saga.Message<SubmitInvocation>(x => x.UseFilter(gate)));
                    context.ConfigureConsumer<UnreadableSubmissionConsumer>(queue);
                },
            };
            yield return new PipelineEndpoint
            {
                QueueName = QueueName.WaitingInvocations(agent.Name),
                PrefetchCount = (ushort)services.GetRequiredService<IOptions<AdmissionOptions>>().Value.WaitingPrefetch,
                Configure = (context, queue) =>
                {
                    TakePlainJson(queue, options);
                    RetryRarely(context, queue);
                    var gate = ActivatorUtilities.CreateInstance<WaitingGate>(context, agent.Name);
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
                RetryRarely(context, queue);
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
                RetryRarely(context, queue);
                context.ConfigureSaga<InvocationState>(queue);
            },
        };
    }

    private static void TakePlainJson(IReceiveEndpointConfigurator queue, IngressOptions options)
    {
        queue.AddDeserializer(new SubmissionEnvelopeDeserializer(options));
        queue.AddDeserializer(new SubmissionDeserializer(options), isDefault: true);
        // A refusal is an answer of ours, not a fault to be told of once more.
        queue.PublishFaults = false;
    }

    // Conflicts and outages are the store's business; this is for what neither of us foresaw.
    private static void RetryRarely(IBusRegistrationContext context, IReceiveEndpointConfigurator queue)
    {
        var hasBroker = context.GetRequiredService<IOptions<BusOptions>>().Value.Transport == BusTransport.RabbitMq;
        queue.ConfigureError(error =>
        {
            // Only a broker can take a message back, and only a broker keeps a queue of those that failed.
            if (hasBroker)
            {
                error.UseFilter(new GiveBackFilter());
            }
            else
            {
                error.UseFilter(new KeepDeadLetterFilter(
                    context.GetRequiredService<DeadLetterStore>(), context.GetRequiredService<IOptions<DeadLetterOptions>>().Value.MaxBodyBytes, context.GetRequiredService<TimeProvider>()));
            }

            error.UseFilter(new GenerateFaultFilter());
            error.UseFilter(new ErrorTransportFilter());
        });

        queue.UseMessageRetry(retry =>
        {
            retry.Ignore<SubmissionRefusedException>();
            retry.Ignore<GivenBackException>();
            // The store and the gate have waited for the database already, as long as a delivery may be held.
            retry.Ignore<Exception>(DatabaseOutage.Is);
            retry.Exponential(4, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(5), TimeSpan.FromMilliseconds(500));
        });
    }
}
