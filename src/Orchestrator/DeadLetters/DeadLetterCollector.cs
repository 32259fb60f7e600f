using Microsoft.Extensions.Options;
using Pipeline.Orchestrator.Admission;
using Pipeline.Orchestrator.Broker;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Pipeline.Orchestrator.DeadLetters;

/// <summary>
/// Takes what lies in the queues of failed messages into the database: written first, acknowledged after the commit. A crash between the two
/// makes the broker deliver it again, and the store knows it by its fingerprint. Several replicas may collect side by side.
/// </summary>
internal sealed class DeadLetterCollector(
    QueueDepths depths, BrokerLink broker, DeadLetterStore store, DeadLetterMetrics metrics, IOptions<DeadLetterOptions> options, TimeProvider time, ILogger<DeadLetterCollector> logger) : BackgroundService
{
    /// <summary>Messages of one transaction; few, because each may have the largest body.</summary>
    private const int Batch = 16;

    /// <summary>Most of these queues do not exist, and asking for one that does not costs a channel.</summary>
    private const int RoundsBetweenMissing = 5;

    private static readonly TimeSpan AskLimit = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, int> _missing = new(StringComparer.Ordinal);
    private readonly int _offset = Random.Shared.Next(RoundsBetweenMissing);
    private bool _isFull;

    private IEnumerable<string> Queues =>
        depths.Queues.Select(x => x.Name).Append(Contracts.QueueName.UnroutedInvocations)
            .SelectMany(x => new[] { x + DeadLetterReading.ErrorSuffix, x + DeadLetterReading.SkippedSuffix })
            .Append(DeadLetterReading.DeadLetterQueue);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!options.Value.Collect || !broker.IsThere)
        {
            return;
        }

        var isFailing = false;
        using var timer = new PeriodicTimer(options.Value.Interval, time);
        do
        {
            try
            {
                if (await HasRoomAsync(stoppingToken))
                {
                    await CollectAsync(stoppingToken);
                }

                isFailing = false;
            }
#pragma warning disable CA1031 // Broker or database may be away in any form; the letters stay in their queues.
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                if (!isFailing)
                {
                    logger.CollectingFailed(options.Value.Interval, e);
                }

                isFailing = true;
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task<bool> HasRoomAsync(CancellationToken cancellationToken)
    {
        var kept = await store.KeptAsync(cancellationToken);
        metrics.Kept(kept);
        var isFull = kept >= options.Value.MaxKept;
        if (isFull && !_isFull)
        {
            logger.Full(kept);
        }

        _isFull = isFull;
        return !isFull;
    }

    private async Task CollectAsync(CancellationToken cancellationToken)
    {
        IChannel? channel = null;
        try
        {
            foreach (var queue in Queues)
            {
                if (_missing.TryGetValue(queue, out var rounds) && rounds > 0)
                {
                    _missing[queue] = rounds - 1;
                    continue;
                }

                channel = channel is { IsOpen: true } ? channel : await broker.ChannelAsync(confirms: false, cancellationToken);
                try
                {
                    var asked = channel;
                    var answer = await broker.AskAsync(token => asked.QueueDeclarePassiveAsync(queue, token), AskLimit, cancellationToken);
                    _missing.Remove(queue);
                    // What was there when asked, and no more: what is added all the time must not keep the others waiting.
                    for (var left = answer.MessageCount; left > 0 && await TakeAsync(channel, queue, cancellationToken) is > 0 and var taken; left -= Math.Min(left, (uint)taken))
                    {
                    }
                }
                catch (OperationInterruptedException e) when (e.ShutdownReason?.ReplyCode == 404)
                {
                    // Not all in one round.
                    _missing[queue] = RoundsBetweenMissing + ((_missing.Count + _offset) % RoundsBetweenMissing);
                    await channel.DisposeAsync();
                    channel = null;
                }
            }
        }
        finally
        {
            if (channel is not null)
            {
                // What was taken and not acknowledged goes back with it.
                await channel.DisposeAsync();
            }
        }
    }

    private async Task<int> TakeAsync(IChannel channel, string queue, CancellationToken cancellationToken)
    {
        var letters = new List<DeadLetter>(Batch);
        ulong last = 0;
        while (letters.Count < Batch && await channel.BasicGetAsync(queue, autoAck: false, cancellationToken).WaitAsync(AskLimit, time, cancellationToken) is { } found)
        {
            last = found.DeliveryTag;
            letters.Add(DeadLetterReading.Read(Message(queue, found), options.Value.MaxBodyBytes, time.GetUtcNow().UtcDateTime));
        }

        if (letters.Count > 0)
        {
            await store.KeepAsync(letters, cancellationToken);
            await channel.BasicAckAsync(last, multiple: true, cancellationToken);
        }

        return letters.Count;
    }

    private static FoundMessage Message(string queue, BasicGetResult found)
    {
        var properties = found.BasicProperties;
        return new FoundMessage(
            queue,
            properties.IsMessageIdPresent() ? properties.MessageId : null,
            properties.IsContentTypePresent() ? properties.ContentType : null,
            properties.IsCorrelationIdPresent() ? properties.CorrelationId : null,
            properties.IsReplyToPresent() ? properties.ReplyTo : null,
            properties.IsTimestampPresent() ? properties.Timestamp.UnixTime : 0,
            properties.Headers is { } headers ? headers.ToDictionary(x => x.Key, x => x.Value) : new Dictionary<string, object?>(),
            found.Body.ToArray());
    }
}
