using Microsoft.Extensions.Options;
using Pipeline.LlmGateway.Completions;
using Pipeline.ServiceDefaults;

namespace Pipeline.LlmGateway.Ownership;

/// <summary>This process's part in the ownership of one group: stands by, takes over, works, and gives back.</summary>
internal sealed class GroupOwner(DomainGroup group, IServiceProvider services, LeaseStore leases, GatewayInstance instance, IOptions<OwnershipOptions> options, IOptions<BusOptions> bus, TimeProvider time, ILogger<GroupOwner> logger)
{
    private static readonly TimeSpan ReleaseLimit = TimeSpan.FromSeconds(5);

    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private GroupSession? _session;

    public DomainGroup Group => group;

    /// <summary>Null while this process stands by.</summary>
    public GroupSession? Session => Volatile.Read(ref _session);

    /// <summary>Completes when the group's queues are connected, here or, as far as the database shows, elsewhere.</summary>
    public Task Settled => _settled.Task;

    public async Task RunAsync(CancellationToken stopping)
    {
        var isFirst = true;
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                if (await WaitForTurnAsync(isFirst, stopping) is { } epoch)
                {
                    await OwnAsync(epoch, stopping);
                }

                isFirst = false;
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // The boundary: ownership is tried as long as the process lives.
            catch (Exception e)
#pragma warning restore CA1031
            {
                logger.OwnershipFailed(e, group.Name, options.Value.LeaseRenewal.TotalSeconds);
                await Task.WhenAny(Task.Delay(options.Value.LeaseRenewal, time, stopping));
            }
        }
    }

    /// <returns>The epoch at which the group was taken.</returns>
    private async Task<long?> WaitForTurnAsync(bool isFirst, CancellationToken stopping)
    {
        await leases.EnsureAsync(group.Domains, stopping);

        // Queues in memory are nobody else's: an owner before us is this process's own past.
        var watch = new LeaseWatch(bus.Value.Transport == BusTransport.InMemory && isFirst ? TimeSpan.Zero : options.Value.LeaseTimeout, time);
        string? told = null;
        while (true)
        {
            var seen = await leases.ReadAsync(group.Domains, stopping);
            if (watch.MayTake(seen) && await leases.TryTakeAsync(seen, instance.Name, stopping) is { } epoch)
            {
                return epoch;
            }

            var owner = seen.FirstOrDefault(x => x.Owner is not null)?.Owner;
            if (owner is not null && owner != told)
            {
                told = owner;
                logger.StandsBy(group.Name, owner);
                _settled.TrySetResult();
            }

            await Task.Delay(options.Value.LeaseRenewal / 2, time, stopping);
        }
    }

    private async Task OwnAsync(long epoch, CancellationToken stopping)
    {
        using var session = new GroupSession(group, epoch, services);
        Volatile.Write(ref _session, session);
        _ = session.Receiving.ContinueWith(_ => _settled.TrySetResult(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
        try
        {
            await session.RunAsync(stopping);
        }
        catch (FencedException)
        {
            logger.Fenced(group.Name, epoch);
            return;
        }
        catch
        {
            // This process may be the one that cannot: another one should not wait for it to seem dead.
            Volatile.Write(ref _session, null);
            await ReleaseAsync(epoch);
            throw;
        }
        finally
        {
            Volatile.Write(ref _session, null);
        }

        await ReleaseAsync(epoch);
    }

    private async Task ReleaseAsync(long epoch)
    {
        // Not the service's token: it is cancelled when this matters.
        using var limit = new CancellationTokenSource(ReleaseLimit);
        await leases.ReleaseAsync(group.Domains, epoch, limit.Token);
        logger.GivenBack(group.Name, epoch);
    }
}
