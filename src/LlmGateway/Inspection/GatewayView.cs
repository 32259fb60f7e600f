using Microsoft.EntityFrameworkCore;
using Pipeline.LlmGateway.Completions;
using Pipeline.LlmGateway.Ownership;
using Pipeline.LlmGateway.Persistence;
using Pipeline.LlmGateway.Pools;

namespace Pipeline.LlmGateway.Inspection;

/// <summary>
/// Owners, limits and waits. The owner of a group knows all of it; another replica shows what the store knows, and who to ask.
/// </summary>
internal sealed class GatewayView(GatewayOwnership ownership, GatewayInstance instance, ModelPoolCatalog pools, LlmGatewayDbContext database, TimeProvider time)
{
    public async Task<object> ReadAsync(CancellationToken cancellationToken)
    {
        var leases = await database.Domains.AsNoTracking().ToDictionaryAsync(x => x.Name, StringComparer.Ordinal, cancellationToken);
        var now = time.GetUtcNow();
        var stored = await database.Completions.AsNoTracking()
            .Where(x => x.State == CompletionState.Held || x.State == CompletionState.Dispatched || x.State == CompletionState.Completed)
            .GroupBy(x => new { x.AskedPool, x.State, x.Priority })
            .Select(x => new { x.Key.AskedPool, x.Key.State, x.Key.Priority, Count = x.Count(), Oldest = x.Min(y => y.EnqueuedAt) })
            .ToListAsync(cancellationToken);
        return new
        {
            instance = instance.Name,
            at = now,
            groups = ownership.Groups.Select(owner =>
            {
                var session = owner.Session;
                var snapshot = session?.Dispatcher.Snapshot();
                return new
                {
                    ownedHere = session is not null,
                    domains = owner.Group.Domains.Select(x => new
                    {
                        name = x,
                        owner = leases.GetValueOrDefault(x)?.Owner,
                        epoch = leases.GetValueOrDefault(x)?.Epoch,
                        keys = pools.All.SelectMany(y => y.Keys).First(y => y.Domain == x).Snapshot().Select(y => new
                        {
                            alias = y.Alias,
                            weight = y.Weight,
                            state = y.State.ToString(),
                            since = y.Since,
                            reason = y.Reason,
                        }),
                        limits = snapshot?.Domains.Where(y => y.Name == x).Select(y => new
                        {
                            inFlight = y.InFlight,
                            concurrency = y.Concurrency,
                            pausedForSeconds = y.PausedFor.TotalSeconds,
                            isProbing = y.IsProbing,
                            levels = y.Levels.Select(z => new
                            {
                                of = z.Dimension.ToString(),
                                limit = z.Limit,
                                level = z.Level,
                                usedLastWindow = z.UsedLastWindow,
                                inWork = z.InWork,
                                shape = z.Shape.ToString(),
                            }),
                        }).FirstOrDefault(),
                    }),
                    pools = owner.Group.Pools.Select(x =>
                    {
                        var rows = stored.Where(y => y.AskedPool == x).ToList();
                        var held = rows.Where(y => y.State == CompletionState.Held).ToList();
                        var backlog = snapshot?.Pools.FirstOrDefault(y => y.Pool == x);
                        return new
                        {
                            name = x,
                            held = held.Sum(y => y.Count),
                            heldInteractive = held.Where(y => y.Priority == null).Sum(y => y.Count),
                            heldBatch = held.Where(y => y.Priority != null).Sum(y => y.Count),
                            inWork = rows.Where(y => y.State == CompletionState.Dispatched).Sum(y => y.Count),
                            unsentAnswers = rows.Where(y => y.State == CompletionState.Completed).Sum(y => y.Count),
                            oldestWaitSeconds = held.Count == 0 ? 0 : (now - held.Min(y => y.Oldest)).TotalSeconds,
                            expectedWaitSeconds = backlog?.Expected.TotalSeconds,
                            circuit = session is null ? null : pools.Find(x)!.Circuit.State,
                            isOut = pools.Find(x)!.IsOut,
                            contextTokens = pools.Find(x)!.ContextTokens,
                        };
                    }),
                };
            }),
        };
    }
}
