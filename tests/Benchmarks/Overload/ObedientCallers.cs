using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Pipeline.Benchmarks.Invocations;
using Pipeline.Contracts;
using Pipeline.Contracts.Invocations;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Pipeline.Benchmarks.Overload;

/// <summary>
/// Upstream systems that ask for the admission's answer (AMQP <c>reply_to</c>), come back once when they were told to, and then give up.
/// Plain JSON, publisher confirms, the same idempotency key on the second try.
/// </summary>
internal sealed class ObedientCallers : IAsyncDisposable
{
    private readonly IConnection _connection;
    private readonly IChannel _publisher;
    private readonly IChannel _consumer;
    private readonly string _replies;
    private readonly ConcurrentDictionary<string, TaskCompletionSource<(string Event, int? RetryAfter)>> _waiting = new();
    private readonly ConcurrentQueue<double> _answerTimes = new();
    private readonly ConcurrentQueue<int> _retryAfters = new();
    private int _completed;

    private ObedientCallers(IConnection connection, IChannel publisher, IChannel consumer, string replies) =>
        (_connection, _publisher, _consumer, _replies) = (connection, publisher, consumer, replies);

    public int AcceptedAtFirst;
    public int Deferred;
    public int DeferredWithoutRetryAfter;
    public int AcceptedAtRetry;
    public int DeferredAtRetry;
    public int Refused;
    public int Silent;

    /// <summary>Invocations that completed, of everybody.</summary>
    public int Completed => Volatile.Read(ref _completed);

    public IEnumerable<double> AnswerMilliseconds => _answerTimes;

    public IEnumerable<int> RetryAfterSeconds => _retryAfters;

    public static async Task<ObedientCallers> ConnectAsync(Uri uri, CancellationToken cancellationToken)
    {
        var connection = await new ConnectionFactory { Uri = uri, ClientProvidedName = "benchmark callers" }.CreateConnectionAsync(cancellationToken);
        var publisher = await connection.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), cancellationToken);
        var consumer = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        var replies = (await consumer.QueueDeclareAsync(cancellationToken: cancellationToken)).QueueName;
        var events = (await consumer.QueueDeclareAsync(cancellationToken: cancellationToken)).QueueName;
        await consumer.QueueBindAsync(events, QueueName.EventExchange, $"*.*.{InvocationEventName.Completed}", cancellationToken: cancellationToken);
        var callers = new ObedientCallers(connection, publisher, consumer, replies);
        await callers.ConsumeAsync(replies, callers.HearAnswer, cancellationToken);
        await callers.ConsumeAsync(events, _ => Interlocked.Increment(ref callers._completed), cancellationToken);
        return callers;
    }

    /// <summary>A submission that nobody waits for.</summary>
    public Task PublishAsync(string key, CancellationToken cancellationToken) => SendAsync(key, null, cancellationToken);

    /// <summary>One caller, from its first try to the end of its second.</summary>
    public async Task CallAsync(string key, CancellationToken cancellationToken)
    {
        var (answer, retryAfter) = await AskAsync(key, 1, cancellationToken);
        if (answer == InvocationEventName.Accepted)
        {
            Interlocked.Increment(ref AcceptedAtFirst);
            return;
        }

        if (answer != InvocationEventName.Deferred)
        {
            Count(answer);
            return;
        }

        Interlocked.Increment(ref Deferred);
        if (retryAfter is not > 0)
        {
            Interlocked.Increment(ref DeferredWithoutRetryAfter);
            return;
        }

        _retryAfters.Enqueue(retryAfter.Value);
        await Task.Delay(TimeSpan.FromSeconds(retryAfter.Value), cancellationToken);
        (answer, _) = await AskAsync(key, 2, cancellationToken);
        switch (answer)
        {
            case InvocationEventName.Accepted:
                Interlocked.Increment(ref AcceptedAtRetry);
                break;
            case InvocationEventName.Deferred:
                Interlocked.Increment(ref DeferredAtRetry);
                break;
            default:
                Count(answer);
                break;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _publisher.DisposeAsync();
        await _consumer.DisposeAsync();
        await _connection.DisposeAsync();
    }

    private void Count(string answer)
    {
        _ = answer.Length == 0 ? Interlocked.Increment(ref Silent) : Interlocked.Increment(ref Refused);
    }

    /// <summary>The answer's event; empty where none came within a minute.</summary>
    private async Task<(string Event, int? RetryAfter)> AskAsync(string key, int attempt, CancellationToken cancellationToken)
    {
        var correlation = string.Create(CultureInfo.InvariantCulture, $"{key}/{attempt}");
        var answer = _waiting[correlation] = new TaskCompletionSource<(string, int?)>(TaskCreationOptions.RunContinuationsAsynchronously);
        var asked = Stopwatch.GetTimestamp();
        try
        {
            await SendAsync(key, correlation, cancellationToken);
            var heard = await answer.Task.WaitAsync(TimeSpan.FromMinutes(1), cancellationToken);
            _answerTimes.Enqueue(Stopwatch.GetElapsedTime(asked).TotalMilliseconds);
            return heard;
        }
        catch (TimeoutException)
        {
            return ("", null);
        }
        finally
        {
            _waiting.TryRemove(correlation, out _);
        }
    }

    private async Task SendAsync(string key, string? correlation, CancellationToken cancellationToken)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(new { tenant = BenchmarkAgent.Tenant, agent = BenchmarkAgent.Name, idempotencyKey = key, input = "What became of my payment?" });
        var properties = new BasicProperties { ContentType = "application/json", DeliveryMode = DeliveryModes.Persistent };
        if (correlation is not null)
        {
            (properties.ReplyTo, properties.CorrelationId) = (_replies, correlation);
        }

        await _publisher.BasicPublishAsync(QueueName.SubmissionExchange, BenchmarkAgent.Name, mandatory: true, properties, body, cancellationToken);
    }

    private void HearAnswer(BasicDeliverEventArgs delivery)
    {
        using var body = JsonDocument.Parse(delivery.Body);
        if (delivery.BasicProperties.CorrelationId is { } correlation && _waiting.TryGetValue(correlation, out var waiting))
        {
            waiting.TrySetResult((
                body.RootElement.GetProperty("event").GetString()!,
                body.RootElement.TryGetProperty("retryAfterSeconds", out var seconds) && seconds.ValueKind == JsonValueKind.Number ? seconds.GetInt32() : null));
        }
    }

    private async Task ConsumeAsync(string queue, Action<BasicDeliverEventArgs> hear, CancellationToken cancellationToken)
    {
        var consumer = new AsyncEventingBasicConsumer(_consumer);
        consumer.ReceivedAsync += (_, delivery) =>
        {
            hear(delivery);
            return Task.CompletedTask;
        };
        await _consumer.BasicConsumeAsync(queue, autoAck: true, consumer, cancellationToken);
    }
}
