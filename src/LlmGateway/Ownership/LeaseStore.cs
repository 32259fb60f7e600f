using Microsoft.EntityFrameworkCore;
using Pipeline.LlmGateway.Persistence;

namespace Pipeline.LlmGateway.Ownership;

/// <summary>The leases in the database. Every change names what it saw, and changes nothing where somebody was first.</summary>
internal sealed class LeaseStore(IServiceScopeFactory scopes)
{
    /// <summary>The rows that the domains need; two processes that start together make each once.</summary>
    public async Task EnsureAsync(IReadOnlyList<string> domains, CancellationToken cancellationToken)
    {
        foreach (var name in domains)
        {
            await using var scope = scopes.CreateAsyncScope();
            var database = Database(scope);
            if (await database.Domains.AnyAsync(x => x.Name == name, cancellationToken))
            {
                continue;
            }

            database.Domains.Add(new DomainLease { Name = name });
            try
            {
                await database.SaveChangesAsync(cancellationToken);
            }
            catch (DbUpdateException e) when (DatabaseFault.IsData(e))
            {
                // Another process was first.
            }
        }
    }

    public async Task<IReadOnlyList<DomainLease>> ReadAsync(IReadOnlyList<string> domains, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await Database(scope).Domains.AsNoTracking().Where(x => domains.Contains(x.Name)).OrderBy(x => x.Name).ToListAsync(cancellationToken);
    }

    /// <summary>Takes all of them or none.</summary>
    /// <param name="seen">The leases as they were read; those that have changed since are not taken.</param>
    /// <param name="owner">This process.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The new epoch, the same for all of them; null where somebody was first.</returns>
    public async Task<long?> TryTakeAsync(IReadOnlyList<DomainLease> seen, string owner, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = Database(scope);
        var epoch = seen.Max(x => x.Epoch) + 1;
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);

        // In the order of their names, as everybody does: two that take the same domains wait for each other instead of deadlocking.
        foreach (var lease in seen.OrderBy(x => x.Name, StringComparer.Ordinal))
        {
            var taken = await database.Domains.Where(x => x.Name == lease.Name && x.Epoch == lease.Epoch && x.Beat == lease.Beat).ExecuteUpdateAsync(
                set => set.SetProperty(x => x.Epoch, epoch).SetProperty(x => x.Owner, owner).SetProperty(x => x.Beat, x => x.Beat + 1),
                cancellationToken);
            if (taken == 0)
            {
                return null;
            }
        }

        await transaction.CommitAsync(cancellationToken);
        return epoch;
    }

    /// <summary>Says that the owner lives.</summary>
    /// <returns>False where it is the owner no more.</returns>
    public async Task<bool> RenewAsync(IReadOnlyList<string> domains, long epoch, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await HoldAsync(Database(scope), domains, epoch, cancellationToken);
    }

    /// <summary>Gives them back, so that another process need not wait.</summary>
    public async Task ReleaseAsync(IReadOnlyList<string> domains, long epoch, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        await Database(scope).Domains.Where(x => domains.Contains(x.Name) && x.Epoch == epoch).ExecuteUpdateAsync(
            set => set.SetProperty(x => x.Owner, (string?)null).SetProperty(x => x.Beat, x => x.Beat + 1),
            cancellationToken);
    }

    /// <summary>Within a transaction: from here to its end nobody can take the domains.</summary>
    /// <returns>False where somebody has.</returns>
    public static async Task<bool> HoldAsync(LlmGatewayDbContext database, IReadOnlyList<string> domains, long epoch, CancellationToken cancellationToken) =>
        await database.Domains.Where(x => domains.Contains(x.Name) && x.Epoch == epoch).ExecuteUpdateAsync(
            set => set.SetProperty(x => x.Beat, x => x.Beat + 1), cancellationToken) == domains.Count;

    private static LlmGatewayDbContext Database(AsyncServiceScope scope) => scope.ServiceProvider.GetRequiredService<LlmGatewayDbContext>();
}
