using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Pipeline.Orchestrator.Persistence;

namespace Pipeline.Orchestrator.Access;

/// <summary>
/// Finds who a key speaks for, by the key's hash: no key is ever compared with another. What was found is kept for a few seconds, which is how
/// long a revoked key may still work on any replica. What was not found is not kept: a new key works at once, and guesses fill nothing.
/// </summary>
internal sealed class ApiKeyDirectory(IServiceScopeFactory scopes, TimeProvider time)
{
    public static readonly TimeSpan Life = TimeSpan.FromSeconds(5);

    private const int Limit = 10_000;

    private readonly ConcurrentDictionary<string, Known> _known = new();

    /// <summary>Null for a key that was never created, or was revoked.</summary>
    public async Task<Caller?> FindAsync(string hash, CancellationToken cancellationToken)
    {
        if (_known.TryGetValue(hash, out var known) && time.GetElapsedTime(known.Since) < Life)
        {
            return known.Caller;
        }

        var since = time.GetTimestamp();
        var bytes = Convert.FromHexString(hash);
        await using var scope = scopes.CreateAsyncScope();
        var key = await scope.ServiceProvider.GetRequiredService<OrchestratorDbContext>().ApiKeys.AsNoTracking()
            .SingleOrDefaultAsync(x => x.Hash == bytes && x.RevokedAt == null, cancellationToken);
        if (key is null)
        {
            _known.TryRemove(hash, out _);
            return null;
        }

        if (_known.Count >= Limit)
        {
            _known.Clear();
        }

        var caller = new Caller(key.Tenant, key.IsOperator, key.Name);
        _known[hash] = new Known(caller, since);
        return caller;
    }

    private sealed record Known(Caller Caller, long Since);
}
