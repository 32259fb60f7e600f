using Pipeline.LlmGateway.Pools;

namespace Pipeline.LlmGateway.Ownership;

/// <summary>Runs the ownership of all groups while the service runs: begun when the bus has started, ended before it stops.</summary>
internal sealed class GatewayOwnership(ModelPoolCatalog pools, IServiceProvider services, TimeProvider time) : IHostedLifecycleService, IDisposable
{
    /// <summary>A start waits so long for the queues; a broker or database that takes longer is waited for in the background.</summary>
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;

    public IReadOnlyList<GroupOwner> Groups { get; } =
        [.. pools.Groups.Select(x => ActivatorUtilities.CreateInstance<GroupOwner>(services, x))];

    /// <summary>Completes when each group's queues are there: consumed here, or by another process.</summary>
    public Task Settled => Task.WhenAll(Groups.Select(x => x.Settled));

    public GroupOwner? Of(string pool) => Groups.FirstOrDefault(x => x.Group.Pools.Contains(pool));

    public async Task StartedAsync(CancellationToken cancellationToken)
    {
        _running = Task.WhenAll(Groups.Select(x => Task.Run(() => x.RunAsync(_stopping.Token), CancellationToken.None)));
        using var patience = new CancellationTokenSource(StartPatience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        await Task.WhenAny(Settled, Task.Delay(Timeout.InfiniteTimeSpan, either.Token));
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await Task.WhenAny(_running, Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken));
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _stopping.Dispose();
}
