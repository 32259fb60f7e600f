using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Pipeline.Contracts;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Pipeline.Benchmarks.Limiter;

/// <summary>
/// Puts requests into <c>llm.&lt;pool&gt;</c> as the orchestrator does, hears the answers where it would, and keeps the book of both. No orchestrator takes part.
/// </summary>
internal sealed class ModelCallers : IAsyncDisposable
{
    private const string RequestType = "urn:message:Pipeline.Contracts.Completions:RequestCompletion";

    // Plain words: an estimator has nothing to stumble over, and four characters a token is nearly true.
    private static readonly string Text = string.Concat(Enumerable.Repeat("the customer asks why a card payment of last week was charged two times and wants it back ", 300));

    private readonly IConnection _connection;
    private readonly IChannel _publisher;
    private readonly IChannel _consumer;
    private readonly ConcurrentDictionary<Guid, ModelCall> _calls = new();
    private int _unknown;

    private ModelCallers(IConnection connection, IChannel publisher, IChannel consumer) => (_connection, _publisher, _consumer) = (connection, publisher, consumer);

    public IReadOnlyCollection<ModelCall> Calls => [.. _calls.Values];

    /// <summary>Answers that nobody asked for.</summary>
    public int Unknown => _unknown;

    public int Outstanding => _calls.Values.Count(x => x.AnsweredAt is null);

    /// <summary>Hears every first answer; called on the consumer's thread, so it must be quick.</summary>
    public Action<ModelCall>? Heard { get; set; }

    /// <summary>Sees the bytes of every answer.</summary>
    public Action<ReadOnlyMemory<byte>>? Saw { get; set; }

    public static async Task<ModelCallers> ConnectAsync(Uri uri, CancellationToken cancellationToken)
    {
        var connection = await new ConnectionFactory { Uri = uri, ClientProvidedName = "benchmark model callers" }.CreateConnectionAsync(cancellationToken);
        var publisher = await connection.CreateChannelAsync(
            new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true, outstandingPublisherConfirmationsRateLimiter: new ThrottlingRateLimiter(256)), cancellationToken);
        var consumer = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        var callers = new ModelCallers(connection, publisher, consumer);
        await consumer.ExchangeDeclareAsync(QueueName.InvocationEvents, ExchangeType.Fanout, durable: true, cancellationToken: cancellationToken);
        var queue = (await consumer.QueueDeclareAsync(QueueName.InvocationEvents, durable: true, exclusive: false, autoDelete: false, cancellationToken: cancellationToken)).QueueName;
        await consumer.QueueBindAsync(queue, QueueName.InvocationEvents, "", cancellationToken: cancellationToken);
        var deliveries = new AsyncEventingBasicConsumer(consumer);
        deliveries.ReceivedAsync += callers.HearAsync;
        await consumer.BasicConsumeAsync(queue, autoAck: true, deliveries, cancellationToken);
        return callers;
    }

    /// <summary>Waits until a gateway has made the pool's queue.</summary>
    public async Task WhenQueueExistsAsync(string pool, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        while (true)
        {
            try
            {
                // A channel of its own: a queue that is not there closes it.
                await using var channel = await _connection.CreateChannelAsync(cancellationToken: limit.Token);
                await channel.QueueDeclarePassiveAsync(QueueName.ModelPool(pool), limit.Token);
                return;
            }
            catch (RabbitMQ.Client.Exceptions.OperationInterruptedException e) when (e.ShutdownReason?.ReplyCode == 404)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200), limit.Token);
            }
        }
    }

    public async Task<uint> DepthAsync(string pool, CancellationToken cancellationToken)
    {
        await using var channel = await _connection.CreateChannelAsync(cancellationToken: cancellationToken);
        return await channel.MessageCountAsync(QueueName.ModelPool(pool), cancellationToken);
    }

    /// <summary>Publishes a request and returns when the broker has it.</summary>
    public async Task<ModelCall> PublishAsync(string pool, string tenant, RequestSize size, TimeSpan patience, CancellationToken cancellationToken)
    {
        var now = TimeProvider.System.GetUtcNow();
        var call = new ModelCall { Id = MassTransit.NewId.NextGuid(), Pool = pool, Tenant = tenant, Size = size, Deadline = now + patience, PublishedAt = now };
        _calls[call.Id] = call;
        var properties = new BasicProperties { ContentType = "application/vnd.masstransit+json", DeliveryMode = DeliveryModes.Persistent, MessageId = call.Id.ToString() };
        await _publisher.BasicPublishAsync("", QueueName.ModelPool(pool), mandatory: true, properties, Envelope(call), cancellationToken);
        return call;
    }

    /// <summary>Publishes bytes that are no request.</summary>
    public async Task PublishGarbageAsync(string pool, string body, CancellationToken cancellationToken) =>
        await _publisher.BasicPublishAsync(
            "", QueueName.ModelPool(pool), mandatory: true,
            new BasicProperties { ContentType = "application/vnd.masstransit+json", DeliveryMode = DeliveryModes.Persistent }, Encoding.UTF8.GetBytes(body), cancellationToken);

    /// <summary>Waits until every request has its answer.</summary>
    /// <returns>False where some had none in time.</returns>
    public async Task<bool> WhenAllAnsweredAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (Outstanding > 0)
        {
            if (TimeProvider.System.GetElapsedTime(since) > patience)
            {
                return false;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(200), cancellationToken);
        }

        return true;
    }

    /// <summary>Takes what lies in a queue, and leaves it there.</summary>
    public async Task<IReadOnlyList<(byte[] Body, string Headers)>> LookIntoAsync(string queue, CancellationToken cancellationToken)
    {
        // The channel is closed with everything unacknowledged: the messages go back.
        await using var channel = await _connection.CreateChannelAsync(cancellationToken: cancellationToken);
        var found = new List<(byte[], string)>();
        while (await channel.BasicGetAsync(queue, autoAck: false, cancellationToken) is { } message)
        {
            var headers = message.BasicProperties.Headers?.Select(x => $"{x.Key}: {(x.Value is byte[] bytes ? Encoding.UTF8.GetString(bytes) : x.Value)}") ?? [];
            found.Add((message.Body.ToArray(), string.Join('\n', headers)));
        }

        return found;
    }

    public async ValueTask DisposeAsync()
    {
        await _publisher.DisposeAsync();
        await _consumer.DisposeAsync();
        await _connection.DisposeAsync();
    }

    private static byte[] Envelope(ModelCall call) => JsonSerializer.SerializeToUtf8Bytes(new
    {
        messageId = call.Id,
        conversationId = call.Id,
        messageType = new[] { RequestType },
        message = new
        {
            invocationId = call.Id,
            turn = 1,
            tenant = call.Tenant,
            agent = string.Create(CultureInfo.InvariantCulture, $"kind-{call.Size.Kind}"),
            pool = call.Pool,
            systemPrompt = string.Create(CultureInfo.InvariantCulture, $"Kind {call.Size.Kind}."),
            messages = new[] { new { role = "User", text = Prompt(call.Size.Prompt) } },
            tools = Array.Empty<object>(),
            maxOutputTokens = call.Size.MaxOutput,
            deadline = call.Deadline,
        },
    });

    private static string Prompt(int tokens)
    {
        var characters = Math.Max(4, (tokens * 4) - 8);
        return characters <= Text.Length ? Text[..characters] : string.Concat(Enumerable.Repeat(Text, (characters / Text.Length) + 1))[..characters];
    }

    private Task HearAsync(object sender, BasicDeliverEventArgs delivery)
    {
        Saw?.Invoke(delivery.Body);
        using var body = JsonDocument.Parse(delivery.Body);
        var root = body.RootElement;
        var message = root.GetProperty("message");
        if (!_calls.TryGetValue(message.GetProperty("invocationId").GetGuid(), out var call))
        {
            Interlocked.Increment(ref _unknown);
            return Task.CompletedTask;
        }

        var id = root.GetProperty("messageId").GetString();
        if (call.AnsweredAt is not null)
        {
            _ = id == call.AnswerMessageId ? call.Repeats++ : call.Duplicates++;
            return Task.CompletedTask;
        }

        call.AnswerMessageId = id;
        call.FailureCode = message.TryGetProperty("code", out var code) ? code.GetString() : null;
        call.AnsweredAt = TimeProvider.System.GetUtcNow();
        Heard?.Invoke(call);
        call.Answered.TrySetResult();
        return Task.CompletedTask;
    }
}
