using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Pipeline.LlmGateway.Persistence;

namespace Pipeline.LlmGateway.Completions;

/// <summary>Deletes answered requests and calls that are older than they are kept, a bounded number at a time. Every process does it; two that meet delete the same rows once.</summary>
internal sealed class Retention(IServiceScopeFactory scopes, IOptions<CompletionOptions> options, TimeProvider time, ILogger<Retention> logger) : BackgroundService
{
    private const int RowsInOneDelete = 500;
    private const int DeletesInOnePass = 200;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await Task.Delay(options.Value.CleanupInterval, time, stoppingToken);
            try
            {
                await DeleteOldAsync(stoppingToken);
            }
#pragma warning disable CA1031 // Nothing depends on it being done now.
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                logger.CleanupFailed(e, options.Value.CleanupInterval.TotalSeconds);
            }
        }
    }

    /// <summary>One pass; what it leaves is deleted by the next.</summary>
    public async Task<(int Completions, int Calls)> DeleteOldAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var completionsBefore = now - options.Value.KeepCompletions;
        var callsBefore = now - options.Value.KeepCalls;
        return (
            await RepeatAsync(database => DeleteCompletionsAsync(database, completionsBefore, cancellationToken)),
            await RepeatAsync(database => DeleteCallsAsync(database, callsBefore, cancellationToken)));
    }

    private async Task<int> RepeatAsync(Func<LlmGatewayDbContext, Task<int>> delete)
    {
        var deleted = 0;
        for (var pass = 0; pass < DeletesInOnePass; pass++)
        {
            await using var scope = scopes.CreateAsyncScope();
            var count = await delete(scope.ServiceProvider.GetRequiredService<LlmGatewayDbContext>());
            deleted += count;
            if (count < RowsInOneDelete)
            {
                break;
            }
        }

        return deleted;
    }

    private static async Task<int> DeleteCompletionsAsync(LlmGatewayDbContext database, DateTimeOffset before, CancellationToken cancellationToken)
    {
        // The age of the last of them bounds the delete, so that it needs no list of keys; rows of the same instant go along.
        var last = await database.Completions.Where(x => x.State == CompletionState.Answered && x.CompletedAt < before).OrderBy(x => x.CompletedAt)
            .Take(RowsInOneDelete).Select(x => x.CompletedAt).ToListAsync(cancellationToken);
        if (last.Count == 0)
        {
            return 0;
        }

        var until = last[^1];
        return await database.Completions.Where(x => x.State == CompletionState.Answered && x.CompletedAt <= until).ExecuteDeleteAsync(cancellationToken);
    }

    private static async Task<int> DeleteCallsAsync(LlmGatewayDbContext database, DateTimeOffset before, CancellationToken cancellationToken)
    {
        var last = await database.Calls.Where(x => x.DispatchedAt < before).OrderBy(x => x.DispatchedAt)
            .Take(RowsInOneDelete).Select(x => x.DispatchedAt).ToListAsync(cancellationToken);
        if (last.Count == 0)
        {
            return 0;
        }

        var until = last[^1];
        return await database.Calls.Where(x => x.DispatchedAt <= until).ExecuteDeleteAsync(cancellationToken);
    }
}
