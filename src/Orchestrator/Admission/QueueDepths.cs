using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.Orchestrator.Agents;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

using Pipeline.Orchestrator.Broker;

namespace Pipeline.Orchestrator.Admission;

/// <summary>
/// Asks the broker once a second how deep the queues are and who consumes them. A broker that does not answer leaves the last answer standing
/// for a while; then nothing is known, and admission goes on with its own counts. The in-memory transport has no depths.
/// </summary>
internal sealed class QueueDepths(AgentCatalog agents, BrokerLink broker, IOptions<AdmissionOptions> options, TimeProvider time, ILogger<QueueDepths> logger) : BackgroundService
{
    /// <summary>A queue that is not there costs a channel each time it is asked for.</summary>
    private const int RoundsBetweenMissing = 10;

    private static readonly TimeSpan AskLimit = TimeSpan.FromSeconds(5);

    /// <summary>A pool that was saturated this long ago says nothing of now, and must not keep its agents closed.</summary>
    private static readonly TimeSpan OldestAnswer = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, int> _missing = new(StringComparer.Ordinal);
    private volatile Dictionary<string, QueueDepth> _depths = new(StringComparer.Ordinal);
    private long _round;
    private long _answeredAt = time.GetTimestamp();

    public IReadOnlyList<WatchedQueue> Queues { get; } = Watched(agents);

    public IEnumerable<(WatchedQueue Queue, QueueDepth Depth)> All => Queues.Select(x => (Queue: x, Depth: Of(x.Name))).Where(x => x.Depth is not null).Select(x => (x.Queue, x.Depth!));

    /// <summary>Counted up with every answer of the broker.</summary>
    public long Round => Interlocked.Read(ref _round);

    /// <summary>False where the last answer is too old to say anything.</summary>
    public bool IsKnown => time.GetElapsedTime(Interlocked.Read(ref _answeredAt)) < OldestAnswer;

    /// <summary>The last answer; null where there was none, or none for long.</summary>
    public QueueDepth? Of(string queue) => IsKnown ? _depths.GetValueOrDefault(queue) : null;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!broker.IsThere)
        {
            return;
        }

        IChannel? channel = null;
        try
        {
            var isFailing = false;
            using var timer = new PeriodicTimer(options.Value.DepthInterval, time);
            do
            {
                try
                {
                    channel = await AskAllAsync(channel, stoppingToken);
                    isFailing = false;
                }
#pragma warning disable CA1031 // The broker may be away in any form; admission goes on with what it knows.
                catch (Exception e) when (!stoppingToken.IsCancellationRequested)
#pragma warning restore CA1031
                {
                    if (!isFailing)
                    {
                        logger.DepthsUnknown(options.Value.DepthInterval, e);
                    }

                    isFailing = true;
                    await CloseAsync(channel);
                    channel = null;
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        finally
        {
            await CloseAsync(channel);
        }
    }

    private static async Task CloseAsync(IChannel? channel)
    {
        if (channel is not null)
        {
            await channel.DisposeAsync();
        }
    }

    private static List<WatchedQueue> Watched(AgentCatalog agents)
    {
        var current = agents.Current.OrderBy(x => x.Name, StringComparer.Ordinal).ToList();
        return
        [
            .. current.Select(x => new WatchedQueue(QueueName.Invocations(x.Name), "submissions", Agent: x.Name)),
            .. current.Select(x => new WatchedQueue(QueueName.WaitingInvocations(x.Name), "waiting", Agent: x.Name)),
            new WatchedQueue(QueueName.InvocationEvents, "events"),
            .. current.SelectMany(x => x.Tools).Distinct(StringComparer.Ordinal).Select(x => new WatchedQueue(QueueName.Tool(x), "tool", Tool: x)),
            .. current.Select(x => x.Pool).Distinct(StringComparer.Ordinal).Select(x => new WatchedQueue(QueueName.ModelPool(x), "pool", Pool: x)),
        ];
    }

    private async Task<IChannel?> AskAllAsync(IChannel? channel, CancellationToken cancellationToken)
    {
        var depths = new Dictionary<string, QueueDepth>(StringComparer.Ordinal);
        foreach (var queue in Queues)
        {
            if (_missing.TryGetValue(queue.Name, out var rounds) && rounds > 0)
            {
                _missing[queue.Name] = rounds - 1;
                continue;
            }

            channel = channel is { IsOpen: true } ? channel : await broker.ChannelAsync(confirms: false, cancellationToken);
            try
            {
                var asked = channel;
                var answer = await broker.AskAsync(token => asked.QueueDeclarePassiveAsync(queue.Name, token), AskLimit, cancellationToken);
                depths[queue.Name] = new QueueDepth(answer.MessageCount, answer.ConsumerCount);
                _missing.Remove(queue.Name);
            }
            catch (OperationInterruptedException e) when (e.ShutdownReason?.ReplyCode == 404)
            {
                // Nobody has made it yet; the broker has closed the channel for the question.
                _missing[queue.Name] = RoundsBetweenMissing;
                await CloseAsync(channel);
                channel = null;
            }
        }

        _depths = depths;
        Interlocked.Exchange(ref _answeredAt, time.GetTimestamp());
        Interlocked.Increment(ref _round);
        return channel;
    }
}
