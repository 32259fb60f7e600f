using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.SagaStore.Databases;
using Pipeline.SagaStore.Outgoing;

namespace Pipeline.SagaStore;

/// <summary>For operators: what a DbContext's sagas committed and could not send. Registered with the store.</summary>
public sealed class SagaOutgoing<TDbContext>
    where TDbContext : DbContext
{
    private readonly IServiceScopeFactory _scopes;
    private readonly TimeProvider _time;

    internal SagaOutgoing(IServiceScopeFactory scopes, TimeProvider time)
    {
        _scopes = scopes;
        _time = time;
    }

    /// <summary>The batches that wait for an operator, oldest first; <see cref="OutgoingBatch.LastError"/> says why.</summary>
    /// <param name="limit">How many at most.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<IReadOnlyList<OutgoingBatch>> ParkedAsync(int limit = 100, CancellationToken cancellationToken = default)
    {
        await using var scope = _scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<TDbContext>().Set<OutgoingBatch>().AsNoTracking()
            .Where(x => x.ParkedAt != null)
            .OrderBy(x => x.CommittedAt)
            .ThenBy(x => x.Id)
            .Take(limit)
            .ToListAsync(cancellationToken);
    }

    /// <summary>Gives a parked batch back to the sweeper: its messages leave with the ids they always had, or it is parked again.</summary>
    /// <returns>False where no such batch is parked.</returns>
    public async Task<bool> RedriveAsync(Guid batch, CancellationToken cancellationToken = default) =>
        await RedriveAsync(x => x.Where(y => y.Id == batch), cancellationToken) == 1;

    /// <summary>Gives every parked batch back to the sweeper.</summary>
    /// <returns>How many.</returns>
    public Task<int> RedriveAllAsync(CancellationToken cancellationToken = default) => RedriveAsync(x => x, cancellationToken);

    private async Task<int> RedriveAsync(Func<IQueryable<OutgoingBatch>, IQueryable<OutgoingBatch>> select, CancellationToken cancellationToken)
    {
        await using var scope = _scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<TDbContext>();
        var now = _time.GetUtcNow().UtcDateTime;
        using var turn = await SqliteWriters.EnterAsync(database, cancellationToken);
        return await select(database.Set<OutgoingBatch>().Where(x => x.ParkedAt != null)).ExecuteUpdateAsync(
            x => x.SetProperty(y => y.ParkedAt, (DateTime?)null).SetProperty(y => y.NextAttemptAt, now).SetProperty(y => y.Attempts, 0),
            cancellationToken);
    }
}
