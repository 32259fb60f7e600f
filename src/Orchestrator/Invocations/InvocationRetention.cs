using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Pipeline.Orchestrator.Persistence;

namespace Pipeline.Orchestrator.Invocations;

/// <summary>
/// Deletes ended invocations and their timelines once nobody can ask for them any more. Until then late duplicates find their row.
/// Small pieces, the timeline first: a crash leaves a row whose timeline is gone, which the next round deletes.
/// </summary>
internal sealed class InvocationRetention(IServiceScopeFactory scopes, IOptions<InvocationRetentionOptions> options, TimeProvider time, ILogger<InvocationRetention> logger) : BackgroundService
{
    private const int Piece = 200;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                while (await DeletePieceAsync(stoppingToken) == Piece)
                {
                }
            }
#pragma warning disable CA1031 // Retention outlives an outage of the database.
            catch (Exception e) when (e is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                logger.RetentionFailed(e);
            }
        }
    }

    internal async Task<int> DeletePieceAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<OrchestratorDbContext>();
        var before = time.GetUtcNow().UtcDateTime - options.Value.Keep;
        var ids = await database.Invocations.Where(x => x.EndedAt < before).OrderBy(x => x.EndedAt).Select(x => x.CorrelationId).Take(Piece).ToListAsync(cancellationToken);
        if (ids.Count > 0)
        {
            await database.Timeline.Where(x => ids.Contains(x.InvocationId)).ExecuteDeleteAsync(cancellationToken);
            await database.Invocations.Where(x => ids.Contains(x.CorrelationId)).ExecuteDeleteAsync(cancellationToken);
            logger.RetentionDeleted(ids.Count, before);
        }

        return ids.Count;
    }
}
