using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Pipeline.Orchestrator.Http;
using Pipeline.Orchestrator.Persistence;

namespace Pipeline.Orchestrator.Streams;

/// <summary>
/// The open streams of this process, counted, and what wakes them: an entry that this process committed, and a look at the database for what
/// other replicas did, one question for all streams together. A signal that is lost costs one look's time, never an entry.
/// </summary>
internal sealed class TimelineWatchers(IServiceScopeFactory scopes, IOptions<HttpOptions> options, HttpMetrics metrics, TimeProvider time, ILogger<TimelineWatchers> logger) : BackgroundService
{
    // SQL Server takes 2100 parameters in one statement.
    private const int Piece = 500;

    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, List<TimelineWatcher>> _watchers = [];
    private readonly Dictionary<string, int> _byTenant = [];
    private int _count;

    /// <summary>Null where this process, or the tenant in it, has as many streams as it takes. To be disposed by its stream.</summary>
    /// <param name="invocationId">The invocation that is watched.</param>
    /// <param name="tenant">Whose stream it is; empty for operators.</param>
    public TimelineWatcher? Open(Guid invocationId, string tenant)
    {
        lock (_lock)
        {
            var ofTenant = _byTenant.GetValueOrDefault(tenant);
            if (_count >= options.Value.MaxStreams || ofTenant >= options.Value.MaxStreamsPerTenant)
            {
                return null;
            }

            var watcher = new TimelineWatcher(invocationId, tenant, this);
            _count++;
            _byTenant[tenant] = ofTenant + 1;
            if (!_watchers.TryGetValue(invocationId, out var all))
            {
                _watchers[invocationId] = all = [];
            }

            all.Add(watcher);
            metrics.StreamOpened();
            return watcher;
        }
    }

    public void Close(TimelineWatcher watcher)
    {
        lock (_lock)
        {
            if (!_watchers.TryGetValue(watcher.InvocationId, out var all) || !all.Remove(watcher))
            {
                return;
            }

            if (all.Count == 0)
            {
                _watchers.Remove(watcher.InvocationId);
            }

            _count--;
            if (--_byTenant[watcher.Tenant] == 0)
            {
                _byTenant.Remove(watcher.Tenant);
            }

            metrics.StreamClosed();
        }
    }

    /// <summary>This process committed something of the invocation.</summary>
    public void Signal(Guid invocationId)
    {
        lock (_lock)
        {
            if (_watchers.TryGetValue(invocationId, out var all))
            {
                all.ForEach(x => x.Signal());
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.StreamPoll, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await LookAsync(stoppingToken);
            }
#pragma warning disable CA1031 // The look outlives an outage of the database.
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                logger.StreamPollFailed(e);
            }
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        Guid[] watched;
        lock (_lock)
        {
            watched = [.. _watchers.Keys];
        }

        foreach (var piece in watched.Chunk(Piece))
        {
            await using var scope = scopes.CreateAsyncScope();
            var newest = await scope.ServiceProvider.GetRequiredService<OrchestratorDbContext>().Invocations.AsNoTracking()
                .Where(x => piece.Contains(x.CorrelationId))
                .Select(x => new { x.CorrelationId, x.LastSeq })
                .ToDictionaryAsync(x => x.CorrelationId, x => x.LastSeq, cancellationToken);
            lock (_lock)
            {
                foreach (var id in piece)
                {
                    // One that retention has deleted wakes its streams too: they find that there is nothing more to come.
                    var seq = newest.GetValueOrDefault(id, int.MaxValue);
                    _watchers.GetValueOrDefault(id)?.Where(x => x.Seen < seq).ToList().ForEach(x => x.Signal());
                }
            }
        }
    }
}
