using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Pipeline.Contracts.Invocations;
using Pipeline.Orchestrator.Access;
using Pipeline.Orchestrator.Invocations;
using Pipeline.Orchestrator.Persistence;

namespace Pipeline.Orchestrator.Status;

/// <summary>
/// Reads invocations for people and programs that ask how they are. Every query says whose rows it may return: what belongs to another tenant is not
/// read and then hidden, it is not found.
/// </summary>
public sealed class InvocationQueries(OrchestratorDbContext database)
{
    public const int TimelinePage = 500;

    /// <summary>Characters of payload after which a page of the timeline ends early.</summary>
    public const int TimelinePageChars = 4 * 1024 * 1024;

    public async Task<InvocationView?> FindAsync(Guid id, Caller caller, CancellationToken cancellationToken)
    {
        if (await Visible(caller).SingleOrDefaultAsync(x => x.CorrelationId == id, cancellationToken) is not { } row)
        {
            return null;
        }

        var last = row.EndedAt is null
            ? null
            : await database.Timeline.AsNoTracking().SingleOrDefaultAsync(x => x.InvocationId == id && x.Seq == row.LastSeq, cancellationToken);
        return View(row, last is null ? null : JsonSerializer.Deserialize(last.Payload, TimelineJson.Stored.EndedPayload)?.Output);
    }

    /// <summary>Newest first. What is accepted while somebody turns the pages moves none of them.</summary>
    internal async Task<InvocationPage> ListAsync(InvocationFilter filter, Caller caller, CancellationToken cancellationToken)
    {
        var rows = Visible(caller);
        rows = filter.Tenant is { } tenant ? rows.Where(x => x.Tenant == tenant) : rows;
        rows = filter.Agent is { } agent ? rows.Where(x => x.Agent == agent) : rows;
        rows = filter.State is { } state ? rows.Where(x => x.CurrentState == state) : rows;
        rows = filter.Session is { } session ? rows.Where(x => x.Session == session) : rows;
        rows = filter.AcceptedAfter is { } after ? rows.Where(x => x.AcceptedAt > after) : rows;
        rows = filter.AcceptedBefore is { } before ? rows.Where(x => x.AcceptedAt < before) : rows;
        if (filter.Cursor is { } cursor)
        {
            var (at, id) = (cursor.AcceptedAt, cursor.InvocationId);
            rows = rows.Where(x => x.AcceptedAt <= at && (x.AcceptedAt < at || x.CorrelationId.CompareTo(id) < 0));
        }

        var page = await rows.OrderByDescending(x => x.AcceptedAt).ThenByDescending(x => x.CorrelationId).Take(filter.Limit + 1).ToListAsync(cancellationToken);
        var items = page.Take(filter.Limit).ToList();
        return new InvocationPage(
            items.ConvertAll(x => View(x, null)),
            page.Count > filter.Limit ? new InvocationCursor(items[^1].AcceptedAt, items[^1].CorrelationId).ToString() : null);
    }

    /// <summary>
    /// Timeline entries after <paramref name="afterSeq"/>, at most <paramref name="limit"/> of them, fewer where they have more than
    /// <paramref name="chars"/> characters; null for an unknown invocation.
    /// </summary>
    public async Task<IReadOnlyList<TimelineEntryView>?> TimelineAsync(Guid id, int afterSeq, Caller caller, CancellationToken cancellationToken, int limit = TimelinePage, int chars = TimelinePageChars)
    {
        var visible = Visible(caller).Where(x => x.CorrelationId == id);
        var entries = new List<TimelineEntryView>();
        var size = 0L;
        await foreach (var entry in database.Timeline.AsNoTracking()
            .Where(x => x.InvocationId == id && x.Seq > afterSeq && visible.Any())
            .OrderBy(x => x.Seq).Take(limit).AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            entries.Add(View(entry));
            size += entry.Payload.Length;
            if (size >= chars)
            {
                break;
            }
        }

        return entries.Count == 0 && !await visible.AnyAsync(cancellationToken) ? null : entries;
    }

    /// <summary>How far an invocation is, and whether it goes on; null for an unknown one.</summary>
    internal Task<InvocationProgress?> ProgressAsync(Guid id, Caller caller, CancellationToken cancellationToken) =>
        Visible(caller).Where(x => x.CorrelationId == id).Select(x => new InvocationProgress(x.Tenant, x.LastSeq, x.EndedAt != null)).SingleOrDefaultAsync(cancellationToken);

    private IQueryable<InvocationState> Visible(Caller caller)
    {
        var rows = database.Invocations.AsNoTracking();
        if (caller.IsOperator)
        {
            return rows;
        }

        var tenant = caller.Tenant ?? throw new InvalidOperationException("The caller is neither an operator nor of a tenant. Every route needs an access policy.");
        return rows.Where(x => x.Tenant == tenant);
    }

    private static InvocationView View(InvocationState row, string? output) => new()
    {
        InvocationId = row.CorrelationId,
        Tenant = row.Tenant,
        Agent = row.Agent,
        AgentVersion = row.AgentVersion,
        Session = row.Session,
        State = row.CurrentState,
        AcceptedAt = Utc(row.AcceptedAt),
        Deadline = Utc(row.Deadline),
        EndedAt = row.EndedAt is { } endedAt ? Utc(endedAt) : null,
        Output = output,
        Degraded = row.Degraded,
        Usage = new InvocationUsage { Turns = row.Turn, ToolCalls = row.ToolCalls, InputTokens = row.InputTokens, OutputTokens = row.OutputTokens },
        Code = row.Code,
        Reason = row.Reason,
        Metadata = row.Metadata is null ? null : JsonSerializer.Deserialize(row.Metadata, TimelineJson.Stored.DictionaryStringString),
    };

    private static TimelineEntryView View(TimelineEntry entry) => new(entry.Seq, entry.Kind, Utc(entry.At), entry.Turn, JsonSerializer.Deserialize<JsonElement>(entry.Payload));

    private static DateTimeOffset Utc(DateTime time) => new(DateTime.SpecifyKind(time, DateTimeKind.Utc));
}
