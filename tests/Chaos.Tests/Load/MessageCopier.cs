using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Pipeline.Chaos.Tests.Load;

/// <summary>
/// Makes the broker deliver twice: takes a copy of everything that goes to a queue, and puts some of the copies into that queue again,
/// late and in another order.
/// </summary>
internal sealed class MessageCopier(Uri broker, string[] queues, double share, int seed) : IAsyncDisposable
{
    private const int Held = 20;

    private readonly BrokerLink _link = new(broker, "originals");

    // Another connection: confirms of the copies must not wait behind deliveries of the originals.
    private readonly BrokerLink _copies = new(broker, "copies");
    private readonly CancellationTokenSource _stop = new();
    private readonly Random _dice = new(seed);
    private readonly List<(string Queue, BasicProperties Properties, byte[] Body)> _held = [];
    private Task _copying = Task.CompletedTask;
    private int _copied;

    public int Copied => _copied;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var channel = await _link.ChannelAsync(cancellationToken);
        foreach (var queue in queues)
        {
            // A classic queue that goes with the broker: a copy that is lost is no loss.
            await channel.QueueDeclareAsync(Side(queue), durable: true, exclusive: false, autoDelete: false, cancellationToken: cancellationToken);
            await channel.QueueBindAsync(Side(queue), queue, "", cancellationToken: cancellationToken);
        }

        _copying = CopyAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _link.DisposeAsync();
        await _copies.DisposeAsync();
        _stop.Dispose();
    }

    /// <summary>No further copies; those held back are dropped.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _copying;
    }

    private static string Side(string queue) => $"chaos.copies.{queue}";

    private async Task CopyAsync()
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
                    await channel.BasicQosAsync(0, 200, false, _stop.Token);
                    foreach (var queue in queues)
                    {
                        var consumer = new AsyncEventingBasicConsumer(channel);
                        consumer.ReceivedAsync += (_, delivery) => TakeAsync(queue, delivery);
                        await channel.BasicConsumeAsync(Side(queue), autoAck: true, consumer, _stop.Token);
                    }

                    await ended.Task.WaitAsync(_stop.Token);
                }
#pragma warning disable CA1031 // The broker goes away on purpose; copying goes on when it is back.
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

    private async Task TakeAsync(string queue, BasicDeliverEventArgs delivery)
    {
        if (_stop.IsCancellationRequested || _dice.NextDouble() >= share)
        {
            return;
        }

        _held.Add((queue, new BasicProperties(delivery.BasicProperties), delivery.Body.ToArray()));
        if (_held.Count < Held)
        {
            return;
        }

        var index = _dice.Next(_held.Count);
        var copy = _held[index];
        _held.RemoveAt(index);
        var channel = await _copies.ChannelAsync(CancellationToken.None);
        try
        {
            // Through the default exchange, straight into the queue: through its own exchange it would come by here again.
            await channel.BasicPublishAsync("", copy.Queue, mandatory: false, copy.Properties, copy.Body).AsTask().WaitAsync(TimeSpan.FromSeconds(5));
            _copied++;
        }
#pragma warning disable CA1031 // A copy that does not arrive is no loss.
        catch (Exception)
#pragma warning restore CA1031
        {
            await _copies.DropAsync(channel);
        }
    }
}
