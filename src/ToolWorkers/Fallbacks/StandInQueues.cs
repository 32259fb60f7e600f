using System.Collections.Concurrent;
using MassTransit;
using MassTransit.RabbitMqTransport;
using Pipeline.Contracts;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Pipeline.ToolWorkers.Fallbacks;

/// <summary>
/// Knows whether anybody serves a tool that is to stand in for another. A call in a queue without a consumer would keep its caller waiting
/// until the invocation's deadline, and what is declared for that case, which could be said at once, would never be said.
/// </summary>
internal sealed class StandInQueues(ToolCatalog catalog, TimeProvider time) : IAsyncDisposable
{
    private const ushort NotFound = 404;

    /// <summary>For so long a tool that nobody serves is not asked for again; one that is served is asked for each time.</summary>
    private static readonly TimeSpan Remembered = TimeSpan.FromSeconds(1);

    // Bounded by the manifests that name a stand-in.
    private readonly ConcurrentDictionary<string, long> _unservedSince = new();
    private readonly SemaphoreSlim _asking = new(1, 1);
    private IChannel? _channel;

    /// <param name="context">The delivery, whose connection is used.</param>
    /// <param name="tool">The tool that is to stand in.</param>
    /// <param name="cancellationToken">Limits the question.</param>
    public async Task<bool> IsServedAsync(ConsumeContext context, string tool, CancellationToken cancellationToken)
    {
        if (!context.ReceiveContext.TryGetPayload<ConnectionContext>(out var connection))
        {
            // The in-memory transport: there is no other process.
            return catalog.Served.Any(x => x.Name == tool);
        }

        if (_unservedSince.TryGetValue(tool, out var since) && time.GetElapsedTime(since) < Remembered)
        {
            return false;
        }

        if (await HasConsumersAsync(connection, QueueName.Tool(tool), cancellationToken))
        {
            return true;
        }

        _unservedSince[tool] = time.GetTimestamp();
        return false;
    }

    public async ValueTask DisposeAsync()
    {
        if (_channel is { } channel)
        {
            await channel.DisposeAsync();
        }

        _asking.Dispose();
    }

    private async Task<bool> HasConsumersAsync(ConnectionContext connection, string queue, CancellationToken cancellationToken)
    {
        await _asking.WaitAsync(cancellationToken);
        try
        {
            // A channel of its own: the question for a queue that does not exist closes the channel it was asked on.
            if (_channel is not { IsOpen: true })
            {
                if (_channel is { } closed)
                {
                    _channel = null;
                    await closed.DisposeAsync();
                }

                _channel = await connection.CreateChannel(null, cancellationToken);
            }

            return (await _channel.QueueDeclarePassiveAsync(queue, cancellationToken)).ConsumerCount > 0;
        }
        catch (OperationInterruptedException e) when (e.ShutdownReason?.ReplyCode == NotFound)
        {
            return false;
        }
        finally
        {
            _asking.Release();
        }
    }
}
