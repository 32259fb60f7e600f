using Microsoft.EntityFrameworkCore;
using Pipeline.Orchestrator.Persistence;

namespace Pipeline.Orchestrator.DeadLetters;

/// <summary>Writes letters that were found. The same delivery found again changes nothing.</summary>
internal sealed class DeadLetterStore(IServiceScopeFactory scopes, DeadLetterMetrics metrics, ILogger<DeadLetterStore> logger)
{
    /// <summary>Commits them all, those that are there already left out.</summary>
    public async Task KeepAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            await using var scope = scopes.CreateAsyncScope();
            var database = scope.ServiceProvider.GetRequiredService<OrchestratorDbContext>();
            var added = await AddAsync(database, letters, cancellationToken);
            try
            {
                await database.SaveChangesAsync(cancellationToken);
            }
            catch (DbUpdateException) when (attempt < 5)
            {
                // Another collector kept one of them in between; the next look sees it. Fresh rows: these are tracked.
                letters = [.. letters.Select(x => Copy(database, x))];
                continue;
            }

            foreach (var letter in added)
            {
                metrics.Collected(letter.Queue ?? letter.SourceQueue, letter.Code);
                logger.Kept(letter.Id, letter.InvocationId, letter.SourceQueue, letter.Code, letter.Reason);
            }

            return;
        }
    }

    public async Task<int> KeptAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<OrchestratorDbContext>().DeadLetters.CountAsync(x => x.Status == DeadLetterStatus.Kept, cancellationToken);
    }

    private static async Task<List<DeadLetter>> AddAsync(OrchestratorDbContext database, IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken)
    {
        var fingerprints = letters.Select(x => x.Fingerprint).ToList();
        var known = (await database.DeadLetters.AsNoTracking().Where(x => fingerprints.Contains(x.Fingerprint)).Select(x => x.Fingerprint).ToListAsync(cancellationToken)).Select(Convert.ToHexString).ToHashSet();
        var added = letters.Where(x => known.Add(Convert.ToHexString(x.Fingerprint))).ToList();
        database.DeadLetters.AddRange(added);
        return added;
    }

    private static DeadLetter Copy(OrchestratorDbContext database, DeadLetter letter)
    {
        var copy = (DeadLetter)database.Entry(letter).CurrentValues.ToObject();
        copy.Id = 0;
        return copy;
    }
}
