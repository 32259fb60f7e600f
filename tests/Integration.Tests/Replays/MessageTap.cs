using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Pipeline.Integration.Tests.Replays;

/// <summary>Hears everything that goes into the queues of a virtual host, and can put it into them again.</summary>
internal sealed class MessageTap : IAsyncDisposable
{
    private readonly ConcurrentQueue<(string Queue, BasicProperties Properties, byte[] Body)> _heard = new();
    private readonly IConnection _connection;
    private readonly IChannel _channel;

    private MessageTap(IConnection connection, IChannel channel) => (_connection, _channel) = (connection, channel);

    public IReadOnlyCollection<string> HeardQueues => _heard.Select(x => x.Queue).ToHashSet();

    public int Heard => _heard.Count;

    /// <param name="broker">AMQP URI of the virtual host.</param>
    /// <param name="queues">Queues, each with an exchange of its name in front of it.</param>
    public static async Task<MessageTap> StartAsync(Uri broker, IEnumerable<string> queues)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var connection = await new ConnectionFactory { Uri = broker }.CreateConnectionAsync(cancellation);
        var channel = await connection.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), cancellation);
        var tap = new MessageTap(connection, channel);
        foreach (var queue in queues)
        {
            var copies = await channel.QueueDeclareAsync(cancellationToken: cancellation);
            await channel.QueueBindAsync(copies.QueueName, queue, "", cancellationToken: cancellation);
            var consumer = new AsyncEventingBasicConsumer(channel);
            consumer.ReceivedAsync += (_, delivery) =>
            {
                tap._heard.Enqueue((queue, new BasicProperties(delivery.BasicProperties), delivery.Body.ToArray()));
                return Task.CompletedTask;
            };
            await channel.BasicConsumeAsync(copies.QueueName, autoAck: true, consumer, cancellation);
        }

        return tap;
    }

    /// <summary>Puts everything heard so far into its queue again, in the order in which it came.</summary>
    /// <param name="asNew">Under new message ids: as a system that repeats its work sends it, not as a broker that repeats a delivery.</param>
    public async Task ReplayAsync(bool asNew)
    {
        foreach (var (queue, properties, body) in _heard.ToList())
        {
            var replayed = asNew ? UnderNewId(properties, body) : (properties, body);
            // Straight into the queue: through its exchange it would be heard again.
            await _channel.BasicPublishAsync("", queue, mandatory: true, replayed.properties, replayed.body, TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _channel.DisposeAsync();
        await _connection.DisposeAsync();
    }

    private static (BasicProperties properties, byte[] body) UnderNewId(BasicProperties properties, byte[] body)
    {
        var id = Guid.NewGuid().ToString();
        var message = JsonNode.Parse(body)!;
        if (message["messageId"] is not null)
        {
            message["messageId"] = id;
        }

        return (new BasicProperties(properties) { MessageId = id }, System.Text.Encoding.UTF8.GetBytes(message.ToJsonString()));
    }
}
