using MassTransit;
using Pipeline.Contracts;
using Pipeline.Contracts.Invocations;
using RabbitMQ.Client;

using Pipeline.Orchestrator.Broker;

namespace Pipeline.Orchestrator.Admission;

/// <summary>
/// Moves a submission that nobody waits for from <c>invocations.&lt;agent&gt;</c> to <c>invocations.&lt;agent&gt;.waiting</c>, as it came:
/// body, content type, headers, message id, timestamp. The move is confirmed before the original is acknowledged; a crash between the two
/// leaves both, and they mean the same invocation.
/// </summary>
internal sealed class WaitingQueue(BrokerLink broker, QueueDepths depths, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan MoveLimit = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _opening = new(1, 1);
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Parked> _parked = new(StringComparer.Ordinal);
    private IChannel? _channel;

    /// <summary>Somebody waits there, so that whoever comes later has to go behind.</summary>
    public bool HasWaiting(string agent)
    {
        lock (_lock)
        {
            var parked = Of(agent);
            return parked.Held > 0
                || (broker.IsThere
                    // What was moved since the broker was asked last is in no answer of it yet: two rounds, because one may be under way.
                    ? depths.Of(QueueName.WaitingInvocations(agent)) is { Ready: > 0 } || (parked.MovedInRound is { } round && depths.Round <= round + 1)
                    : parked.Moved > 0);
        }
    }

    /// <summary>One was taken from the queue, or left this process.</summary>
    public void Hold(string agent, int change)
    {
        lock (_lock)
        {
            var parked = Of(agent);
            parked.Held += change;
            parked.Moved = Math.Max(0, parked.Moved - (change < 0 ? 1 : 0));
        }
    }

    /// <exception cref="Exception">The queue is full, or the broker did not confirm in time: the delivery stays where it is.</exception>
    public async Task MoveAsync(string agent, ConsumeContext<SubmitInvocation> context)
    {
        lock (_lock)
        {
            // Before the move: whoever comes meanwhile is later.
            var parked = Of(agent);
            parked.Moved++;
            parked.MovedInRound = depths.Round;
        }

        try
        {
            await SendAsync(QueueName.WaitingInvocations(agent), context).WaitAsync(MoveLimit, time, context.CancellationToken);
        }
        catch
        {
            lock (_lock)
            {
                Of(agent).Moved--;
            }

            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_channel is { } channel)
        {
            await channel.DisposeAsync();
        }

        _opening.Dispose();
    }

    private async Task SendAsync(string queue, ConsumeContext<SubmitInvocation> context)
    {
        if (!context.ReceiveContext.TryGetPayload<RabbitMqBasicConsumeContext>(out var delivery))
        {
            var endpoint = await context.ReceiveContext.SendEndpointProvider.GetSendEndpoint(new Uri($"exchange:{queue}"));
            await endpoint.Send(context.Message, x => x.MessageId = context.MessageId ?? context.ReceiveContext.GetMessageId(), context.CancellationToken);
            return;
        }

        var properties = new BasicProperties(delivery.Properties) { DeliveryMode = DeliveryModes.Persistent };
        if (delivery.Properties.Headers is { } headers)
        {
            // The broker's count of deliveries is of the queue that it leaves.
            properties.Headers = headers.Where(x => x.Key is not ("x-delivery-count" or "x-acquired-count")).ToDictionary();
        }

        var channel = await ChannelAsync(context.CancellationToken);
        await channel.BasicPublishAsync("", queue, mandatory: true, properties, context.ReceiveContext.Body.GetBytes(), context.CancellationToken);
    }

    private async Task<IChannel> ChannelAsync(CancellationToken cancellationToken)
    {
        if (_channel is { IsOpen: true } open)
        {
            return open;
        }

        await _opening.WaitAsync(cancellationToken);
        try
        {
            if (_channel is not { IsOpen: true })
            {
                if (_channel is { } broken)
                {
                    _channel = null;
                    await broken.DisposeAsync();
                }

                _channel = await broker.ChannelAsync(confirms: true, cancellationToken);
            }

            return _channel;
        }
        finally
        {
            _opening.Release();
        }
    }

    private Parked Of(string agent) => _parked.TryGetValue(agent, out var parked) ? parked : _parked[agent] = new Parked();

    private sealed class Parked
    {
        /// <summary>Deliveries of the queue in this process's hands.</summary>
        public int Held { get; set; }

        /// <summary>Moved by this process and not through yet.</summary>
        public int Moved { get; set; }

        public long? MovedInRound { get; set; }
    }
}
