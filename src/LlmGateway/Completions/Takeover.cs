using Microsoft.EntityFrameworkCore;
using Pipeline.LlmGateway.Accounting;
using Pipeline.LlmGateway.Holding;
using Pipeline.LlmGateway.Ownership;
using Pipeline.LlmGateway.Persistence;
using Pipeline.LlmGateway.RateLimits;

namespace Pipeline.LlmGateway.Completions;

/// <summary>What a new owner finds: requests that wait, calls whose end nobody knows, and what the limits' windows hold already.</summary>
internal sealed class Takeover(IServiceScopeFactory scopes, TimeProvider time)
{
    /// <summary>Longer than any window of a provider, so that none is exceeded across the change of owners.</summary>
    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(11);

    /// <summary>
    /// Closes the calls of the owners before as of unknown outcome, charged in full, and returns what waits, bodies left where they are.
    /// </summary>
    /// <exception cref="FencedException">Another process was faster.</exception>
    public async Task<(IReadOnlyList<HeldRequest> Held, int Unknown)> HeldAsync(DomainGroup group, long epoch, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<LlmGatewayDbContext>();
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        if (!await LeaseStore.HoldAsync(database, group.Domains, epoch, cancellationToken))
        {
            throw new FencedException(group.Name, epoch);
        }

        var now = time.GetUtcNow();
        var dispatched = database.Completions.Where(x => x.State == CompletionState.Dispatched && group.Pools.Contains(x.AskedPool));
        var unknown = await database.Calls.Where(x => x.Outcome == ModelCall.Open && dispatched.Any(y => y.InvocationId == x.InvocationId && y.Turn == x.Turn))
            .ExecuteUpdateAsync(set => set.SetProperty(x => x.Outcome, ModelCall.Unknown).SetProperty(x => x.EndedAt, now), cancellationToken);
        await dispatched.ExecuteUpdateAsync(set => set.SetProperty(x => x.State, CompletionState.Held), cancellationToken);
        await transaction.CommitAsync(cancellationToken);

        var held = new List<HeldRequest>();
        var rows = database.Completions.AsNoTracking().Where(x => x.State == CompletionState.Held && group.Pools.Contains(x.AskedPool)).OrderBy(x => x.EnqueuedAt)
            .Select(x => new CompletionRow
            {
                InvocationId = x.InvocationId,
                Turn = x.Turn,
                Tenant = x.Tenant,
                Agent = x.Agent,
                AskedPool = x.AskedPool,
                Pool = x.Pool,
                Priority = x.Priority,
                EnqueuedAt = x.EnqueuedAt,
                Deadline = x.Deadline,
                NotBefore = x.NotBefore,
                Attempt = x.Attempt,
                PromptTokens = x.PromptTokens,
                MaxOutputTokens = x.MaxOutputTokens,
            }).AsAsyncEnumerable();
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        await foreach (var row in rows.WithCancellation(cancellationToken))
        {
            // Each name once in memory, not once a request.
            (row.Tenant, row.Agent, row.AskedPool) = (One(row.Tenant), One(row.Agent), One(row.AskedPool));
            row.Pool = group.Pools.Contains(row.Pool) ? One(row.Pool) : row.AskedPool;
            held.Add(RequestCompletionConsumer.HeldFrom(row));
        }

        return (held, unknown);

        string One(string name)
        {
            names.TryAdd(name, name);
            return names[name];
        }
    }

    /// <summary>What the domains' calls took lately.</summary>
    public async Task<IReadOnlyList<(string Domain, PastCharge Charge)>> ChargesAsync(DomainGroup group, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<LlmGatewayDbContext>();
        var now = time.GetUtcNow();
        var from = now - Remembered;
        var calls = await database.Calls.AsNoTracking()
            .Where(x => x.DispatchedAt >= from && group.Domains.Contains(x.Domain) && x.Outcome != ModelCall.NotSent)
            .OrderBy(x => x.DispatchedAt)
            .Select(x => new { x.Domain, x.DispatchedAt, x.ArrivalTokens, x.ArrivalInput, x.ArrivalOutput, x.ProducedTokens, x.ProducedInput, x.ProducedOutput })
            .ToListAsync(cancellationToken);
        return
        [
            .. calls.Select(x => (x.Domain, new PastCharge(
                now > x.DispatchedAt ? now - x.DispatchedAt : TimeSpan.Zero,
                new Charge(new(x.ArrivalTokens, x.ArrivalInput, x.ArrivalOutput), new(x.ProducedTokens, x.ProducedInput, x.ProducedOutput))))),
        ];
    }
}
