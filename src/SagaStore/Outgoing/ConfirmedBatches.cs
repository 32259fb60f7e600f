using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pipeline.SagaStore.Databases;

namespace Pipeline.SagaStore.Outgoing;

/// <summary>
/// Removes confirmed batches from the table, many with one statement. A crash before the removal costs nothing but a second send
/// with the same message ids.
/// </summary>
internal sealed class ConfirmedBatches<TDbContext>(
    IServiceScopeFactory scopes,
    RowStoreOptions options,
    TimeProvider time,
    ILogger<ConfirmedBatches<TDbContext>> logger) : BackgroundService
    where TDbContext : DbContext
{
    private const int StatementLimit = 500;

    private readonly Channel<Guid> _confirmed = Channel.CreateBounded<Guid>(new BoundedChannelOptions(20_000)
    {
        FullMode = BoundedChannelFullMode.Wait,
        SingleReader = true,
    });

    private readonly ConcurrentDictionary<Guid, byte> _awaitingRemoval = new();

    /// <summary>Takes a batch whose messages are all confirmed. Waits while the database is far behind.</summary>
    public ValueTask AddAsync(Guid batch, CancellationToken cancellationToken)
    {
        _awaitingRemoval[batch] = 0;
        return _confirmed.Writer.WriteAsync(batch, cancellationToken);
    }

    /// <summary>True for a batch that is still in the table only because it was not removed yet.</summary>
    public bool Contains(Guid batch) => _awaitingRemoval.ContainsKey(batch);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        var left = new List<Guid>();
        while (_confirmed.Reader.TryRead(out var batch))
        {
            left.Add(batch);
        }

        foreach (var chunk in left.Chunk(StatementLimit))
        {
            await RemoveAsync(chunk, cancellationToken);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var chunk = new List<Guid>(StatementLimit);
        while (await _confirmed.Reader.WaitToReadAsync(stoppingToken))
        {
            await Task.Delay(options.RemoveInterval, time, stoppingToken);
            while (_confirmed.Reader.TryRead(out var batch))
            {
                chunk.Add(batch);
                if (chunk.Count == StatementLimit)
                {
                    await RemoveAsync(chunk, stoppingToken);
                    chunk.Clear();
                }
            }

            if (chunk.Count > 0)
            {
                await RemoveAsync(chunk, stoppingToken);
                chunk.Clear();
            }
        }
    }

    private async Task RemoveAsync(IReadOnlyCollection<Guid> batches, CancellationToken cancellationToken)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var database = scope.ServiceProvider.GetRequiredService<TDbContext>();
            using (await SqliteWriters.EnterAsync(database, cancellationToken))
            {
                await database.Set<OutgoingBatch>().Where(x => batches.Contains(x.Id)).ExecuteDeleteAsync(cancellationToken);
            }
        }
#pragma warning disable CA1031 // A failed removal is mended by the sweeper; it must not stop the loop.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            logger.RemovalFailed(batches.Count, e);
        }
        finally
        {
            foreach (var batch in batches)
            {
                _awaitingRemoval.TryRemove(batch, out _);
            }
        }
    }
}
