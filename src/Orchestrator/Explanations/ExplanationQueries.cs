using Microsoft.EntityFrameworkCore;
using Pipeline.Contracts.Explanations;
using Pipeline.Orchestrator.Access;
using Pipeline.Orchestrator.Persistence;

namespace Pipeline.Orchestrator.Explanations;

/// <summary>Reads what an explanation is made of: one row and its timeline, each by its primary key.</summary>
internal sealed class ExplanationQueries(OrchestratorDbContext database, TimeProvider time)
{
    /// <summary>Entries that are read; an invocation within the usual limits has far fewer.</summary>
    public const int LargestTimeline = 2000;

    /// <summary>Null for an invocation that is not there or that the caller may not see: the two must not look different.</summary>
    public async Task<InvocationExplanation?> FindAsync(Guid id, Caller caller, CancellationToken cancellationToken)
    {
        if (await database.Invocations.AsNoTracking().SingleOrDefaultAsync(x => x.CorrelationId == id, cancellationToken) is not { } row || !caller.MaySee(row.Tenant))
        {
            return null;
        }

        // Up to the row that was read: what was added meanwhile belongs to another state than this one.
        var entries = await database.Timeline.AsNoTracking()
            .Where(x => x.InvocationId == id && x.Seq <= row.LastSeq)
            .OrderBy(x => x.Seq)
            .Take(LargestTimeline)
            .ToListAsync(cancellationToken);
        return new ExplanationComposer(row, entries, time.GetUtcNow()).Compose();
    }
}
