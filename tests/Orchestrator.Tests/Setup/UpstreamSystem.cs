using System.Text;
using System.Text.Json;
using Pipeline.Contracts;
using Pipeline.Fixtures;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Pipeline.Orchestrator.Tests.Setup;

/// <summary>An upstream system that knows AMQP and JSON and nothing of .NET's bus libraries.</summary>
public sealed class UpstreamSystem : IAsyncDisposable
{
    private readonly ConnectionFactory _factory;
    private readonly IConnection _connection;
    private readonly IChannel _channel;

    private UpstreamSystem(ConnectionFactory factory, IConnection connection, IChannel channel) => (_factory, _connection, _channel) = (factory, connection, channel);

    /// <summary>Everything that was published to <c>pipeline.events</c>.</summary>
    public Inbox<Delivery> Events { get; } = new();

    /// <summary>What came to the queue that <see cref="ReplyQueue"/> names.</summary>
    public Inbox<Delivery> Replies { get; } = new();

    public string ReplyQueue { get; private set; } = "";

    public static async Task<UpstreamSystem> ConnectAsync(RabbitMqVirtualHost host)
    {
        var factory = new ConnectionFactory { Uri = host.Uri };
        var connection = await factory.CreateConnectionAsync();
        var channel = await connection.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));
        var system = new UpstreamSystem(factory, connection, channel);
        var events = (await channel.QueueDeclareAsync()).QueueName;
        await channel.QueueBindAsync(events, QueueName.EventExchange, "#");
        await system.ConsumeAsync(events, system.Events);
        system.ReplyQueue = (await channel.QueueDeclareAsync()).QueueName;
        await system.ConsumeAsync(system.ReplyQueue, system.Replies);
        return system;
    }

    public Task PublishAsync(string body, string routingKey = "resolver", Action<BasicProperties>? properties = null) =>
        PublishAsync(Encoding.UTF8.GetBytes(body), routingKey, properties);

    public async Task PublishAsync(byte[] body, string routingKey = "resolver", Action<BasicProperties>? properties = null)
    {
        var basic = new BasicProperties { ContentType = "application/json", DeliveryMode = DeliveryModes.Persistent };
        properties?.Invoke(basic);
        await _channel.BasicPublishAsync(QueueName.SubmissionExchange, routingKey, mandatory: true, basic, body, TestContext.Current.CancellationToken);
    }

    /// <summary>Takes the next message of a queue as soon as there is one.</summary>
    public async Task<Delivery> TakeAsync(string queue)
    {
        BasicGetResult? result = null;
        await Eventually.HoldsAsync(
            async () =>
            {
                try
                {
                    // A connection of its own: asking a queue that has no leader yet ends the connection.
                    await using var connection = await _factory.CreateConnectionAsync();
                    await using var channel = await connection.CreateChannelAsync();
                    result = await channel.BasicGetAsync(queue, autoAck: true);
                }
                catch (RabbitMQ.Client.Exceptions.OperationInterruptedException)
                {
                    // The queue is made with its first message: it is not there yet.
                }

                return result is not null;
            },
            $"there was a message in {queue}");
        return new Delivery(result!.RoutingKey, result.BasicProperties, result.Body.ToArray());
    }

    public async ValueTask DisposeAsync()
    {
        await _channel.DisposeAsync();
        await _connection.DisposeAsync();
    }

    /// <summary>Starts to consume RabbitMQ's pseudo-queue for replies; to be named in <c>reply_to</c> afterwards.</summary>
    public Task UseDirectReplyToAsync()
    {
        ReplyQueue = "amq.rabbitmq.reply-to";
        return ConsumeAsync(ReplyQueue, Replies);
    }

    private async Task ConsumeAsync(string queue, Inbox<Delivery> inbox)
    {
        var consumer = new AsyncEventingBasicConsumer(_channel);
        consumer.ReceivedAsync += (_, delivery) =>
        {
            inbox.Add(new Delivery(delivery.RoutingKey, delivery.BasicProperties, delivery.Body.ToArray()));
            return Task.CompletedTask;
        };
        await _channel.BasicConsumeAsync(queue, autoAck: true, consumer);
    }

    /// <summary>A message as it came.</summary>
    public sealed record Delivery(string RoutingKey, IReadOnlyBasicProperties Properties, byte[] Body)
    {
        public JsonElement Json => JsonSerializer.Deserialize<JsonElement>(Body);

        public string? Text(string member) => Json.TryGetProperty(member, out var value) ? value.GetString() : null;

        public string? Header(string name) => Properties.Headers?.TryGetValue(name, out var value) == true && value is byte[] bytes ? Encoding.UTF8.GetString(bytes) : null;
    }
}
