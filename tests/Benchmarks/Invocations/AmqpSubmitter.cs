using System.Text.Json;
using Pipeline.Contracts;
using Pipeline.Contracts.Invocations;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Pipeline.Benchmarks.Invocations;

/// <summary>An upstream system: plain JSON over AMQP with publisher confirms, nothing of MassTransit.</summary>
internal sealed class AmqpSubmitter : ISubmitter, IAsyncDisposable
{
    private readonly IConnection _connection;
    private readonly IChannel _publisher;
    private readonly IChannel _consumer;
    private readonly string _agent;

    private AmqpSubmitter(IConnection connection, IChannel publisher, IChannel consumer, string agent)
    {
        _agent = agent;
        _connection = connection;
        _publisher = publisher;
        _consumer = consumer;
    }

    public TerminalEvents Events { get; set; } = new();

    public static Task<AmqpSubmitter> ConnectAsync(Uri uri, CancellationToken cancellationToken) => ConnectAsync(uri, BenchmarkAgent.Name, cancellationToken);

    public static async Task<AmqpSubmitter> ConnectAsync(Uri uri, string agent, CancellationToken cancellationToken)
    {
        var connection = await new ConnectionFactory { Uri = uri, ClientProvidedName = "benchmark load" }.CreateConnectionAsync(cancellationToken);
        var publisher = await connection.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), cancellationToken);
        var consumer = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        var submitter = new AmqpSubmitter(connection, publisher, consumer, agent);
        var queue = (await consumer.QueueDeclareAsync(cancellationToken: cancellationToken)).QueueName;
        await consumer.ExchangeDeclareAsync(QueueName.EventExchange, ExchangeType.Topic, durable: true, cancellationToken: cancellationToken);
        string[] ends = [InvocationEventName.Completed, InvocationEventName.Failed, InvocationEventName.Cancelled, InvocationEventName.Expired, InvocationEventName.Rejected];
        foreach (var end in ends)
        {
            await consumer.QueueBindAsync(queue, QueueName.EventExchange, $"{BenchmarkAgent.Tenant}.{agent}.{end}", cancellationToken: cancellationToken);
        }

        var deliveries = new AsyncEventingBasicConsumer(consumer);
        deliveries.ReceivedAsync += submitter.HearAsync;
        await consumer.BasicConsumeAsync(queue, autoAck: true, deliveries, cancellationToken);
        return submitter;
    }

    public async Task SubmitAsync(Guid invocation, CancellationToken cancellationToken)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(new
        {
            tenant = BenchmarkAgent.Tenant,
            agent = _agent,
            invocationId = invocation,
            input = new { question = "What became of my payment?", customer = "cus_1001" },
        });
        var properties = new BasicProperties { ContentType = "application/json", DeliveryMode = DeliveryModes.Persistent, MessageId = invocation.ToString() };
        await _publisher.BasicPublishAsync(QueueName.SubmissionExchange, _agent, mandatory: true, properties, body, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _publisher.DisposeAsync();
        await _consumer.DisposeAsync();
        await _connection.DisposeAsync();
    }

    private Task HearAsync(object sender, BasicDeliverEventArgs delivery)
    {
        using var body = JsonDocument.Parse(delivery.Body);
        Events.Heard(body.RootElement.GetProperty("invocationId").GetGuid(), body.RootElement.GetProperty("event").GetString()!);
        return Task.CompletedTask;
    }
}
