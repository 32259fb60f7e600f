using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Pipeline.Chaos.Tests.Load;

/// <summary>
/// Makes the broker deliver twice: takes a copy of everything that goes to a queue, and puts some of the copies into that queue again,
/// late and in another order: behind others that came after them. What is still held at the end goes out then.
/// </summary>
internal sealed class MessageCopier(Uri broker, string[] queues, double share, int seed) : IAsyncDisposable
{
    /// <summary>So many are held back before one of them goes out.</summary>
    private const int Held = 8;

    private readonly BrokerLink _link = new(broker, "originals");

    // Another connection: confirms of the copies must not wait behind deliveries of the originals.
    private readonly BrokerLink _copies = new(broker, "copies");
    private readonly CancellationTokenSource _stop = new();
    private readonly Random _dice = new(seed);

    // A channel that is made anew, and the end of the run, must not meet a delivery of the channel before.
    private readonly SemaphoreSlim _turn = new(1);
    private readonly List<(string Queue, int Number, BasicProperties Properties, byte[] Body)> _held = [];
    private readonly Dictionary<string, int> _seen = queues.ToDictionary(x => x, _ => 0);
    private Task _copying = Task.CompletedTask;
    private Exception? _lastFailure;
    private int _copied;
    private int _reordered;

    /// <summary>Messages that the broker delivered a second time.</summary>
    public int Copied => _copied;

    /// <summary>Those of them that came behind messages which were sent to the queue after their originals.</summary>
    public int Reordered => _reordered;

    /// <summary>For a run in which nothing was copied: what the copier saw.</summary>
    public string State => $"{_seen.Values.Sum()} messages seen, {_held.Count} held back, the last failure: {_lastFailure?.GetBaseException().Message ?? "none"}";

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await DeclareAsync(await _link.ChannelAsync(cancellationToken), cancellationToken);
        _copying = CopyAsync();
    }

    public async ValueTask DisposeAsync()
    {
        // Without putting anything out: of a run that failed, the broker may be gone.
        await _stop.CancelAsync();
        await _copying;
        await _link.DisposeAsync();
        await _copies.DisposeAsync();
        _stop.Dispose();
        _turn.Dispose();
    }

    /// <summary>Puts out what is held back; takes no further copies.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _copying;
        await _turn.WaitAsync();
        while (_held.Count > 0)
        {
            await ReleaseAsync();
        }

        _turn.Release();
    }

    private static string Side(string queue) => $"chaos.copies.{queue}";

    private async Task DeclareAsync(IChannel channel, CancellationToken cancellationToken)
    {
        foreach (var queue in queues)
        {
            // A classic queue that goes with the broker: a copy that is lost is no loss.
            await channel.QueueDeclareAsync(Side(queue), durable: true, exclusive: false, autoDelete: false, cancellationToken: cancellationToken);
            await channel.QueueBindAsync(Side(queue), queue, "", cancellationToken: cancellationToken);
        }
    }

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
                    // Again on each channel: a broker that was killed soon after may have forgotten both.
                    await DeclareAsync(channel, _stop.Token);
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
                    _lastFailure = e;
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
        // First of all: the memory is the client's.
        var body = delivery.Body.ToArray();
        await _turn.WaitAsync();
        try
        {
            _seen[queue]++;
            if (_stop.IsCancellationRequested || _dice.NextDouble() >= share)
            {
                return;
            }

            _held.Add((queue, _seen[queue], new BasicProperties(delivery.BasicProperties), body));
            if (_held.Count >= Held)
            {
                await ReleaseAsync();
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task ReleaseAsync()
    {
        var index = _dice.Next(_held.Count);
        var copy = _held[index];
        _held.RemoveAt(index);
        var channel = await _copies.ChannelAsync(CancellationToken.None);
        try
        {
            // Through the default exchange, straight into the queue: through its own exchange it would come by here again.
            await channel.BasicPublishAsync("", copy.Queue, mandatory: true, copy.Properties, copy.Body).AsTask().WaitAsync(TimeSpan.FromSeconds(5));
            _copied++;
            _reordered += _seen[copy.Queue] > copy.Number ? 1 : 0;
        }
#pragma warning disable CA1031 // A copy that does not arrive is no loss.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _lastFailure = e;
            await _copies.DropAsync(channel);
        }
    }
}
