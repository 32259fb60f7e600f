using System.Threading.Channels;
using MassTransit;
using Microsoft.Extensions.Options;
using Pipeline.Contracts.ToolCalls;
using Pipeline.ToolWorkers.Calls;

namespace Pipeline.ToolWorkers.Circuits;

/// <summary>
/// Keeps this process's circuits and those of the other worker processes in step: writes what changed here, publishes it once it is
/// written, reads what changed elsewhere when it is told and every few seconds besides. One loop does all of it, in order and never in a
/// call's way. Without the database or the broker each process goes on with its own circuits.
/// </summary>
internal sealed class CircuitFleet(
    IServiceProvider services,
    CircuitStore store,
    WorkerInstance instance,
    IOptions<ToolsOptions> options,
    ToolMetrics metrics,
    TimeProvider time,
    ILogger<CircuitFleet> logger) : BackgroundService
{
    private readonly Channel<CircuitTransition?> _work = Channel.CreateBounded<CircuitTransition?>(
        new BoundedChannelOptions(256) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    /// <summary>Takes a change of this process; never waits. When nobody takes them, the oldest are dropped: the next reading mends it.</summary>
    public void Report(CircuitTransition change) => _work.Writer.TryWrite(change);

    /// <summary>Something changed elsewhere: reads all circuits.</summary>
    public void ReadSoon() => _work.Writer.TryWrite(null);

    /// <summary>An operator's change, for all processes.</summary>
    /// <exception cref="Exception">The database did not answer; see <see cref="CircuitStore.IsUnavailable"/>.</exception>
    public async Task<CircuitRecord> ForceAsync(ToolCircuit circuit, CircuitState state, string? reason, CancellationToken cancellationToken)
    {
        var record = await store.ForceAsync(circuit.Tool.Name, state, reason, cancellationToken);
        circuit.Adopt(record);
        await PublishAsync(Event(record.Tool, record.State, record.Since, record.RetryAt, record.Breaks, reason), cancellationToken);
        return record;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = time.CreateTimer(_ => ReadSoon(), null, TimeSpan.Zero, options.Value.CircuitPollInterval);
        await foreach (var change in _work.Reader.ReadAllAsync(stoppingToken))
        {
            if (change is null)
            {
                await TryAsync("*", "known", AdoptAllAsync, stoppingToken);
                continue;
            }

            var (tool, state) = (change.Circuit.Tool.Name, CircuitStateName.Of(change.State));
            await TryAsync(tool, state, token => WriteAsync(change, token), stoppingToken);
            await PublishAsync(Event(tool, change.State, change.At, change.RetryAt, change.Breaks, change.Reason), stoppingToken);
        }
    }

    private async Task WriteAsync(CircuitTransition change, CancellationToken cancellationToken)
    {
        if (change.State == CircuitState.HalfOpen)
        {
            // Written when the right to probe was asked for.
            return;
        }

        var record = change.EndsProbe
            ? await store.EndProbeAsync(change, cancellationToken)
            : await store.OpenAsync(change.Circuit.Tool.Name, change.RetryAt ?? change.At, change.Breaks, change.Reason, cancellationToken);
        if (record.ChangedBy == instance.Name && record.State == change.State)
        {
            change.Circuit.Written(record.Version);
        }
        else
        {
            change.Circuit.Adopt(record);
        }
    }

    private async Task AdoptAllAsync(CancellationToken cancellationToken)
    {
        // Not a constructor parameter: the circuits report to this.
        var circuits = services.GetRequiredService<ToolCircuits>();
        var records = await store.ReadAsync(circuits.All.Select(x => x.Tool.Name).ToList(), cancellationToken);
        foreach (var record in records)
        {
            circuits[record.Tool].Adopt(record);
        }
    }

    private async Task TryAsync(string tool, string state, Func<CancellationToken, Task> work, CancellationToken stoppingToken)
    {
        try
        {
            await work(stoppingToken);
        }
        catch (Exception e) when (CircuitStore.IsUnavailable(e) && !stoppingToken.IsCancellationRequested)
        {
            metrics.CircuitStoreFailed();
            logger.CircuitStoreUnavailable(e, tool, state);
        }
    }

    private async Task PublishAsync(ToolCircuitChanged change, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(options.Value.SendTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
#pragma warning disable CA1031 // An announcement that fails must not end the loop that makes the next; the state is on the metrics and in the database.
        try
        {
            // Not a constructor parameter: the bus is built from the endpoints, and they from the circuits.
            await services.GetRequiredService<IBus>().Publish(change, either.Token).WaitAsync(either.Token);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            logger.AnnouncementFailed(e, change.Tool, change.State);
        }
#pragma warning restore CA1031
    }

    private ToolCircuitChanged Event(string tool, CircuitState state, DateTimeOffset at, DateTimeOffset? retryAt, int breaks, string? reason) => new()
    {
        Tool = tool,
        State = CircuitStateName.Of(state),
        Instance = instance.Name,
        At = at,
        Reason = reason,
        RetryAt = state == CircuitState.Open ? retryAt : null,
        Breaks = breaks,
    };
}
