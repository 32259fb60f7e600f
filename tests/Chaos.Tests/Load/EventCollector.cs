using System.Collections.Concurrent;
using System.Text.Json;
using Pipeline.Contracts;
using Pipeline.Contracts.Invocations;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Pipeline.Chaos.Tests.Load;

/// <summary>Hears every event of the pipeline through a durable queue, as an upstream system would.</summary>
internal sealed class EventCollector(Uri broker) : IAsyncDisposable
{
    private const string Queue = "chaos.events";

    private readonly BrokerLink _link = new(broker, "events");
    private readonly CancellationTokenSource _stop = new();
    private Task _listening = Task.CompletedTask;
    private int _terminal;
    private int _repeatedDeliveries;

    /// <summary>Terminal events by the case's idempotency key; a second delivery of the same message is not a second event.</summary>
    public ConcurrentDictionary<string, ConcurrentDictionary<string, HeardEvent>> Terminal { get; } = [];

    public ConcurrentDictionary<string, HeardEvent> Rejected { get; } = [];

    /// <summary>Cases that have ended.</summary>
    public int Ended => _terminal;

    public int RepeatedDeliveries => _repeatedDeliveries;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var channel = await _link.ChannelAsync(cancellationToken);
        await channel.ExchangeDeclareAsync(QueueName.EventExchange, "topic", durable: true, cancellationToken: cancellationToken);
        await channel.QueueDeclareAsync(Queue, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" }, cancellationToken: cancellationToken);
        await channel.QueueBindAsync(Queue, QueueName.EventExchange, "#", cancellationToken: cancellationToken);
        _listening = ListenAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _listening;
        await _link.DisposeAsync();
        _stop.Dispose();
    }

    private async Task ListenAsync()
    {
        try
        {
            while (true)
            {
                var channel = await _link.ChannelAsync(_stop.Token);
                try
                {
                    var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                    channel.ChannelShutdownAsync += (_, _) =>
                    {
                        ended.TrySetResult();
                        return Task.CompletedTask;
                    };
                    await channel.BasicQosAsync(0, 500, false, _stop.Token);
                    var consumer = new AsyncEventingBasicConsumer(channel);
                    consumer.ReceivedAsync += async (_, delivery) =>
                    {
                        Hear(delivery);
                        await channel.BasicAckAsync(delivery.DeliveryTag, false);
                    };
                    await channel.BasicConsumeAsync(Queue, autoAck: false, consumer, _stop.Token);
                    await ended.Task.WaitAsync(_stop.Token);
                }
#pragma warning disable CA1031 // The broker goes away on purpose; the queue is durable, so nothing is missed.
                catch (Exception e) when (e is not OperationCanceledException || !_stop.IsCancellationRequested)
#pragma warning restore CA1031
                {
                    await _link.DropAsync(channel);
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The run is over.
        }
    }

    private void Hear(BasicDeliverEventArgs delivery)
    {
        using var document = JsonDocument.Parse(delivery.Body);
        var body = document.RootElement;
        var name = body.GetProperty("event").GetString() ?? "";
        var key = body.TryGetProperty("metadata", out var metadata) && metadata.ValueKind == JsonValueKind.Object && metadata.TryGetProperty("case", out var named) ? named.GetString() ?? "" : "";
        var heard = new HeardEvent(
            delivery.BasicProperties.MessageId ?? "",
            name,
            body.GetProperty("at").GetDateTimeOffset().UtcDateTime,
            body.TryGetProperty("degraded", out var degraded) && degraded.ValueKind == JsonValueKind.True,
            body.TryGetProperty("code", out var code) ? code.GetString() : null);
        if (name == InvocationEventName.Rejected)
        {
            Rejected[key] = heard;
        }

        if (!InvocationEventName.IsTerminal(name))
        {
            return;
        }

        var events = Terminal.GetOrAdd(key, _ => []);
        if (!events.TryAdd(heard.MessageId, heard))
        {
            Interlocked.Increment(ref _repeatedDeliveries);
        }
        else if (events.Count == 1)
        {
            Interlocked.Increment(ref _terminal);
        }
    }
}
