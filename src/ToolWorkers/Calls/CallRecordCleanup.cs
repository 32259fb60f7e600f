using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Pipeline.ToolWorkers.Calls;

/// <summary>Deletes the records of old calls. Every process does it; two that meet delete the same rows once.</summary>
internal sealed class CallRecordCleanup(CallRecords records, IOptions<ToolsOptions> options, TimeProvider time, ILogger<CallRecordCleanup> logger) : BackgroundService
{
    private const int RowsInOneDelete = 500;
    private const int DeletesInOnePass = 100;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.CleanupInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await DeleteOldAsync(stoppingToken);
            }
            catch (Exception e) when (e is DbException or DbUpdateException or TimeoutException or InvalidOperationException)
            {
                // Nothing depends on it being done now.
                logger.CleanupFailed(e, options.Value.CleanupInterval);
            }
        }
    }

    /// <summary>One pass; what it leaves is deleted by the next.</summary>
    public async Task<int> DeleteOldAsync(CancellationToken cancellationToken)
    {
        var deleted = 0;
        for (var pass = 0; pass < DeletesInOnePass; pass++)
        {
            var count = await records.DeleteOldAsync(options.Value.KeepRecords, RowsInOneDelete, cancellationToken);
            deleted += count;
            if (count < RowsInOneDelete)
            {
                break;
            }
        }

        return deleted;
    }
}
