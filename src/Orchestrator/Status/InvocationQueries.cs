using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Pipeline.Contracts.Invocations;
using Pipeline.Orchestrator.Invocations;
using Pipeline.Orchestrator.Persistence;

namespace Pipeline.Orchestrator.Status;

/// <summary>Reads invocations for people and programs that ask how they are.</summary>
public sealed class InvocationQueries(OrchestratorDbContext database)
{
    public const int TimelinePage = 500;

    public async Task<InvocationView?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        if (await database.Invocations.AsNoTracking().SingleOrDefaultAsync(x => x.CorrelationId == id, cancellationToken) is not { } row)
        {
            return null;
        }

        var last = row.EndedAt is null
            ? null
            : await database.Timeline.AsNoTracking().SingleOrDefaultAsync(x => x.InvocationId == id && x.Seq == row.LastSeq, cancellationToken);
        return new InvocationView
        {
            InvocationId = id,
            Tenant = row.Tenant,
            Agent = row.Agent,
            AgentVersion = row.AgentVersion,
            Session = row.Session,
            State = row.CurrentState,
            AcceptedAt = Utc(row.AcceptedAt),
            Deadline = Utc(row.Deadline),
            EndedAt = row.EndedAt is { } endedAt ? Utc(endedAt) : null,
            Output = last is null ? null : JsonSerializer.Deserialize(last.Payload, TimelineJson.Stored.EndedPayload)?.Output,
            Degraded = row.Degraded,
            Usage = new InvocationUsage { Turns = row.Turn, ToolCalls = row.ToolCalls, InputTokens = row.InputTokens, OutputTokens = row.OutputTokens },
            Code = row.Code,
            Reason = row.Reason,
            Metadata = row.Metadata is null ? null : JsonSerializer.Deserialize(row.Metadata, TimelineJson.Stored.DictionaryStringString),
        };
    }

    /// <summary>Timeline entries after <paramref name="afterSeq"/>, at most <see cref="TimelinePage"/>; null for an unknown invocation.</summary>
    public async Task<IReadOnlyList<TimelineEntryView>?> TimelineAsync(Guid id, int afterSeq, CancellationToken cancellationToken)
    {
        var entries = await database.Timeline.AsNoTracking().Where(x => x.InvocationId == id && x.Seq > afterSeq).OrderBy(x => x.Seq).Take(TimelinePage).ToListAsync(cancellationToken);
        if (entries.Count == 0 && !await database.Invocations.AnyAsync(x => x.CorrelationId == id, cancellationToken))
        {
            return null;
        }

        return [.. entries.Select(x => new TimelineEntryView(x.Seq, x.Kind, Utc(x.At), x.Turn, JsonSerializer.Deserialize<JsonElement>(x.Payload)))];
    }

    private static DateTimeOffset Utc(DateTime time) => new(DateTime.SpecifyKind(time, DateTimeKind.Utc));
}
