using Microsoft.EntityFrameworkCore;
using Pipeline.Contracts.ToolCalls;
using Pipeline.ToolWorkers.Persistence;

namespace Pipeline.ToolWorkers.Calls;

/// <summary>Reads and writes the records of calls that may have an effect. Every write is one short transaction in a scope of its own.</summary>
internal sealed class CallRecords(IServiceScopeFactory scopes, WorkerInstance instance, TimeProvider time)
{
    private const int MaxAttempts = 10;

    /// <summary>Beyond a tool's time limit, what its process needs to record the answer.</summary>
    private static readonly TimeSpan LeaseGrace = TimeSpan.FromSeconds(10);

    public async Task<CallRecord?> FindAsync(string callId, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await Database(scope).Calls.AsNoTracking().SingleOrDefaultAsync(x => x.CallId == callId, cancellationToken);
    }

    /// <summary>Records that the tool begins.</summary>
    /// <returns>False where the call has a record already.</returns>
    public async Task<bool> StartAsync(ServedTool tool, string callId, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = Database(scope);
        if (await database.Calls.AnyAsync(x => x.CallId == callId, cancellationToken))
        {
            return false;
        }

        database.Calls.Add(NewRecord(callId, tool.Name, tool.Manifest.Timeout + LeaseGrace));
        try
        {
            await database.SaveChangesAsync(cancellationToken);
            return true;
        }
        catch (DbUpdateException e) when (DatabaseConflict.Is(e))
        {
            return false;
        }
    }

    /// <summary>Records the answer, unless an answer is recorded already.</summary>
    /// <returns>The answer that counts: the recorded one.</returns>
    public async Task<ToolAnswer> FinishAsync(RunTool call, ToolAnswer answer, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            await using var scope = scopes.CreateAsyncScope();
            var database = Database(scope);
            try
            {
                var record = await database.Calls.SingleOrDefaultAsync(x => x.CallId == call.CallId, cancellationToken);
                if (record?.Answer() is { } recorded)
                {
                    return recorded;
                }

                if (record is null)
                {
                    record = NewRecord(call.CallId, call.Tool, TimeSpan.Zero);
                    database.Calls.Add(record);
                }

                record.Finish(answer, time.GetUtcNow());
                await database.SaveChangesAsync(cancellationToken);
                return answer;
            }
            catch (Exception e) when (attempt < MaxAttempts && DatabaseConflict.Is(e))
            {
                // The tool itself or another process finished it in between: read what counts.
            }
        }
    }

    /// <summary>Deletes records that are older than <paramref name="keep"/>, a bounded number at a time.</summary>
    /// <returns>How many were deleted.</returns>
    public async Task<int> DeleteOldAsync(TimeSpan keep, int limit, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = Database(scope);
        var before = time.GetUtcNow() - keep;
        var old = await database.Calls.Where(x => x.StartedAt < before).OrderBy(x => x.StartedAt).Select(x => x.CallId).Take(limit).ToListAsync(cancellationToken);
        return old.Count == 0 ? 0 : await database.Calls.Where(x => old.Contains(x.CallId)).ExecuteDeleteAsync(cancellationToken);
    }

    private static ToolWorkersDbContext Database(AsyncServiceScope scope) => scope.ServiceProvider.GetRequiredService<ToolWorkersDbContext>();

    private CallRecord NewRecord(string callId, string tool, TimeSpan lease)
    {
        var now = time.GetUtcNow();
        return new CallRecord { CallId = callId, Tool = tool, StartedAt = now, StartedBy = instance.Name, LeaseUntil = now + lease };
    }
}
