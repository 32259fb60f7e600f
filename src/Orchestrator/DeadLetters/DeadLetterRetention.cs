using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Pipeline.Orchestrator.Persistence;

namespace Pipeline.Orchestrator.DeadLetters;

/// <summary>Deletes letters, whatever became of them, and ended replays when they are older than they are kept.</summary>
internal sealed class DeadLetterRetention(IServiceScopeFactory scopes, IOptions<DeadLetterOptions> options, TimeProvider time, ILogger<DeadLetterRetention> logger) : BackgroundService
{
    private const int Piece = 200;
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                while (await DeletePieceAsync(stoppingToken) == Piece)
                {
                }
            }
#pragma warning disable CA1031 // Retention outlives an outage of the database.
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
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
        await database.DeadLetterReplays.Where(x => x.EndedAt < before).ExecuteDeleteAsync(cancellationToken);
        var ids = await database.DeadLetters.Where(x => x.CollectedAt < before).OrderBy(x => x.CollectedAt).Select(x => x.Id).Take(Piece).ToListAsync(cancellationToken);
        return ids.Count == 0 ? 0 : await database.DeadLetters.Where(x => ids.Contains(x.Id)).ExecuteDeleteAsync(cancellationToken);
    }
}
