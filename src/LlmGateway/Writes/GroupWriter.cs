using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Pipeline.LlmGateway.Completions;
using Pipeline.LlmGateway.Ownership;
using Pipeline.LlmGateway.Persistence;

namespace Pipeline.LlmGateway.Writes;

/// <summary>
/// The one that writes for a group of domains at one epoch: as many changes as wait go into one transaction, which also holds the domains'
/// rows at that epoch. Where they are another's, nothing is written and everything that waits fails with <see cref="FencedException"/>.
/// A database that is away is asked again until it answers.
/// </summary>
internal sealed class GroupWriter(DomainGroup group, long epoch, IServiceScopeFactory scopes, TimeProvider time, ILogger<GroupWriter> logger)
{
    private const int LargestBatch = 256;

    /// <summary>A write that the database refuses alone so often is refused for good.</summary>
    private const int AttemptsAlone = 3;

    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    private readonly Channel<StoreWrite> _writes = Channel.CreateBounded<StoreWrite>(
        new BoundedChannelOptions(4 * LargestBatch) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });

    /// <summary>Hands a change over, waiting for a place in the row; see <see cref="StoreWrite.Committed"/> for its end.</summary>
    public async ValueTask EnqueueAsync(StoreWrite write, CancellationToken cancellationToken)
    {
        try
        {
            await _writes.Writer.WriteAsync(write, cancellationToken);
        }
        catch (ChannelClosedException)
        {
            write.Fail(new FencedException(group.Name, epoch));
        }
    }

    /// <summary>Hands a change over and waits until it is committed.</summary>
    public async Task WriteAsync(StoreWrite write, CancellationToken cancellationToken)
    {
        await EnqueueAsync(write, cancellationToken);
        await write.Committed.WaitAsync(cancellationToken);
    }

    /// <summary>No more changes: <see cref="RunAsync"/> ends when those that wait are written.</summary>
    public void Complete() => _writes.Writer.TryComplete();

    /// <exception cref="FencedException">Another process has the domains.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var batch = new List<StoreWrite>(LargestBatch);
        try
        {
            while (await _writes.Reader.WaitToReadAsync(cancellationToken))
            {
                batch.Clear();
                while (batch.Count < LargestBatch && _writes.Reader.TryRead(out var write))
                {
                    batch.Add(write);
                }

                await CommitAsync(batch, cancellationToken);
            }
        }
        finally
        {
            _writes.Writer.TryComplete();
            while (_writes.Reader.TryRead(out var write))
            {
                batch.Add(write);
            }

            // Those that are done take no notice.
            foreach (var write in batch)
            {
                write.Fail(new FencedException(group.Name, epoch));
            }
        }
    }

    private async Task CommitAsync(List<StoreWrite> batch, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await TryCommitAsync(batch, cancellationToken);
                return;
            }
            catch (FencedException)
            {
                throw;
            }
            catch (Exception e) when (DatabaseFault.IsData(e) && batch.Count > 1)
            {
                logger.BatchDivided(e, group.Name, batch.Count);
                foreach (var write in batch.ToList())
                {
                    await CommitAsync([write], cancellationToken);
                }

                return;
            }
            catch (Exception e) when (DatabaseFault.IsData(e) && attempt >= AttemptsAlone)
            {
                logger.WriteRefused(e, group.Name, batch[0].GetType().Name);
                batch[0].Fail(e);
                return;
            }
#pragma warning disable CA1031 // Whatever keeps the database from answering: it is asked again. Ownership has its own limit.
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                var pause = Pause(attempt);
                logger.BatchFailed(e, group.Name, batch.Count, attempt, pause.TotalMilliseconds);
                await Task.Delay(pause, time, cancellationToken);
            }
        }
    }

    private async Task TryCommitAsync(List<StoreWrite> batch, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<LlmGatewayDbContext>();
        database.ChangeTracker.AutoDetectChangesEnabled = false;
        database.Database.AutoSavepointsEnabled = false;
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        if (!await LeaseStore.HoldAsync(database, group.Domains, epoch, cancellationToken))
        {
            throw new FencedException(group.Name, epoch);
        }

        var changes = new WriteBatch(database, await KnownAsync(database, batch, cancellationToken));
        foreach (var write in batch)
        {
            write.Apply(changes);
        }

        await database.SaveChangesAsync(cancellationToken);
        changes.Requests = await RequestsAsync(database, batch, cancellationToken);
        changes.At = time.GetTimestamp();
        await transaction.CommitAsync(cancellationToken);
        foreach (var write in batch)
        {
            write.Done(changes);
        }
    }

    private static async Task<Dictionary<CompletionKey, CompletionState>> KnownAsync(LlmGatewayDbContext database, List<StoreWrite> batch, CancellationToken cancellationToken)
    {
        var invocations = batch.OfType<HoldWrite>().Select(x => x.Key.InvocationId).Distinct().ToList();
        if (invocations.Count == 0)
        {
            return [];
        }

        var rows = await database.Completions.AsNoTracking().Where(x => invocations.Contains(x.InvocationId))
            .Select(x => new { x.InvocationId, x.Turn, x.State }).ToListAsync(cancellationToken);
        return rows.ToDictionary(x => new CompletionKey(x.InvocationId, x.Turn), x => x.State);
    }

    private static async Task<Dictionary<CompletionKey, StoredRequest>> RequestsAsync(LlmGatewayDbContext database, List<StoreWrite> batch, CancellationToken cancellationToken)
    {
        var found = new Dictionary<CompletionKey, StoredRequest>();
        var dispatched = batch.OfType<DispatchWrite>().Select(x => x.Key.InvocationId).Distinct().ToList();
        if (dispatched.Count > 0)
        {
            // Turns that are answered have no body any more.
            var rows = await database.Completions.AsNoTracking().Where(x => dispatched.Contains(x.InvocationId) && x.Body != null)
                .Select(x => new { x.InvocationId, x.Turn, x.Body, x.ResponseAddress, x.RequestId, x.ConversationId, x.CorrelationId, x.TraceParent })
                .ToListAsync(cancellationToken);
            foreach (var x in rows)
            {
                found[new(x.InvocationId, x.Turn)] = new StoredRequest(x.Body, new ReplyTo(x.ResponseAddress, x.RequestId, x.ConversationId, x.CorrelationId, x.TraceParent));
            }
        }

        var unsent = batch.OfType<CompleteWrite>().Where(x => x.NeedsReplyTo).Select(x => x.Key.InvocationId).Distinct().ToList();
        if (unsent.Count > 0)
        {
            var rows = await database.Completions.AsNoTracking().Where(x => unsent.Contains(x.InvocationId) && x.State == CompletionState.Completed)
                .Select(x => new { x.InvocationId, x.Turn, x.ResponseAddress, x.RequestId, x.ConversationId, x.CorrelationId, x.TraceParent })
                .ToListAsync(cancellationToken);
            foreach (var x in rows)
            {
                found[new(x.InvocationId, x.Turn)] = new StoredRequest(null, new ReplyTo(x.ResponseAddress, x.RequestId, x.ConversationId, x.CorrelationId, x.TraceParent));
            }
        }

        return found;
    }

    private static TimeSpan Pause(int attempt)
    {
        var doubled = ShortestPause * Math.Pow(2, Math.Min(attempt - 1, 10));
        return doubled < LongestPause ? doubled : LongestPause;
    }
}
