using MassTransit;
using MassTransit.Middleware;
using Pipeline.Contracts;
using Pipeline.LlmGateway.Ownership;
using Pipeline.LlmGateway.Pools;
using Pipeline.ServiceDefaults;

namespace Pipeline.LlmGateway.Completions;

/// <summary>The queues of a group's pools, consumed by the owner alone.</summary>
internal sealed class GroupEndpoints(IServiceProvider services, DomainGroup group)
{
    private const string Argument = "x-single-active-consumer";

    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(10);

    private readonly List<HostReceiveEndpointHandle> _handles = [];
    private readonly ILogger<GroupEndpoints> _logger = services.GetRequiredService<ILogger<GroupEndpoints>>();

    /// <summary>Connects them and says so; returns when it is stopped. The broker may be away: then it connects when that is back.</summary>
    public async Task RunAsync(Func<RequestCompletionConsumer> consumer, TaskCompletionSource receiving, CancellationToken cancellationToken)
    {
        var pools = services.GetRequiredService<ModelPoolCatalog>();
        var connecting = group.Pools.Select(x => ConnectAsync(pools.Find(x)!, consumer, cancellationToken)).ToList();
        await Task.WhenAll(connecting);
        receiving.TrySetResult();
        await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
    }

    /// <summary>Stops consuming; what was delivered and is not stored goes back to the broker.</summary>
    public async Task StopAsync()
    {
        List<HostReceiveEndpointHandle> handles;
        lock (_handles)
        {
            handles = [.. _handles];
        }

        using var limit = new CancellationTokenSource(StopLimit);
        foreach (var handle in handles)
        {
            try
            {
                await handle.StopAsync(limit.Token).WaitAsync(limit.Token);
            }
#pragma warning disable CA1031 // A connection that is gone cannot be stopped, and need not be.
            catch (Exception e)
#pragma warning restore CA1031
            {
                _logger.NotDisconnected(e, group.Name);
            }
        }
    }

    private async Task ConnectAsync(ModelPool pool, Func<RequestCompletionConsumer> consumer, CancellationToken cancellationToken)
    {
        try
        {
            await ConnectAsync(pool, consumer, singleActiveConsumer: true, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException && e.ToString().Contains(Argument, StringComparison.Ordinal))
        {
            // The database's epoch is the fence; the broker's guard only spares a fenced process deliveries that it would give back.
            _logger.QueueWithoutArgument(QueueName.ModelPool(pool.Name), Argument);
            await ConnectAsync(pool, consumer, singleActiveConsumer: false, cancellationToken);
        }
    }

    private async Task ConnectAsync(ModelPool pool, Func<RequestCompletionConsumer> consumer, bool singleActiveConsumer, CancellationToken cancellationToken)
    {
        var handle = services.ConnectEndpoint(new PipelineEndpoint
        {
            QueueName = QueueName.ModelPool(pool.Name),
            PrefetchCount = pool.Prefetch,
            ConcurrentMessageLimit = pool.Prefetch,
            SingleActiveConsumer = singleActiveConsumer,
            Configure = (_, queue) =>
            {
                queue.ConfigureError(error =>
                {
                    error.UseFilter(new GiveBackFilter());
                    error.UseFilter(new GenerateFaultFilter());
                    error.UseFilter(new ErrorTransportFilter());
                });
                queue.Instance(consumer());
            },
        });
        lock (_handles)
        {
            _handles.Add(handle);
        }

        try
        {
            await handle.Ready.WaitAsync(cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            lock (_handles)
            {
                _handles.Remove(handle);
            }

            using var limit = new CancellationTokenSource(StopLimit);
            await handle.StopAsync(limit.Token);
            throw;
        }
    }
}
