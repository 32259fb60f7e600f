using MassTransit;

namespace Pipeline.ServiceDefaults;

/// <summary>
/// Gives an answer the AMQP correlation id of the question, which need not be a GUID. As a header until the message leaves: an answer that is
/// kept in a store until the commit keeps its headers, but not this property.
/// </summary>
internal sealed class ReplyCorrelation : ISendObserver
{
    public const string Header = "Pipeline-Reply-Correlation-Id";

    public Task PreSend<T>(SendContext<T> context)
        where T : class
    {
        if (context is RabbitMqSendContext rabbit && context.Headers.TryGetHeader(Header, out var id))
        {
            rabbit.BasicProperties.CorrelationId = id as string;
            context.Headers.Set(Header, null);
        }

        return Task.CompletedTask;
    }

    public Task PostSend<T>(SendContext<T> context)
        where T : class => Task.CompletedTask;

    public Task SendFault<T>(SendContext<T> context, Exception exception)
        where T : class => Task.CompletedTask;
}
