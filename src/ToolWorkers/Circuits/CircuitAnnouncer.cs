using System.Threading.Channels;
using MassTransit;
using Microsoft.Extensions.Options;
using Pipeline.Contracts.ToolCalls;

namespace Pipeline.ToolWorkers.Circuits;

/// <summary>
/// Publishes changes of circuits beside the calls, never in their way. When the broker does not take them, the oldest are dropped:
/// the state itself is on the metrics and on <c>/tools</c>.
/// </summary>
internal sealed class CircuitAnnouncer(IServiceProvider services, IOptions<ToolsOptions> options, TimeProvider time, ILogger<CircuitAnnouncer> logger) : BackgroundService
{
    private readonly Channel<ToolCircuitChanged> _changes = Channel.CreateBounded<ToolCircuitChanged>(
        new BoundedChannelOptions(256) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    public void Announce(ToolCircuitChanged change) => _changes.Writer.TryWrite(change);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Not a constructor parameter: the bus is built from the endpoints, and they from the circuits.
        var bus = services.GetRequiredService<IBus>();
        await foreach (var change in _changes.Reader.ReadAllAsync(stoppingToken))
        {
            using var limit = new CancellationTokenSource(options.Value.SendTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stoppingToken);
#pragma warning disable CA1031 // An announcement that fails must not end the loop that makes the next.
            try
            {
                await bus.Publish(change, either.Token).WaitAsync(either.Token);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                logger.AnnouncementFailed(e, change.Tool, change.State);
            }
#pragma warning restore CA1031
        }
    }
}
