using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Pipeline.Orchestrator.Access;
using Pipeline.Orchestrator.Persistence;

namespace Pipeline.Orchestrator.DeadLetters;

/// <summary>Reads dead letters, for operators all, for a tenant's key its own. What names no tenant is the operators'.</summary>
internal sealed class DeadLetterQueries(OrchestratorDbContext database)
{
    private const int MostGroups = 500;

    public async Task<DeadLetterPage> ListAsync(DeadLetterFilter filter, long? before, int limit, Caller caller, CancellationToken cancellationToken)
    {
        var letters = filter.Apply(Visible(caller));
        letters = before is { } id ? letters.Where(x => x.Id < id) : letters;
        // Without the bodies, which may have megabytes each.
        var page = await letters.OrderByDescending(x => x.Id).Take(limit + 1).Select(x => new DeadLetter
        {
            Id = x.Id, SourceQueue = x.SourceQueue, Queue = x.Queue, Code = x.Code, ExceptionGroup = x.ExceptionGroup, Reason = x.Reason, Agent = x.Agent, Tenant = x.Tenant,
            InvocationId = x.InvocationId, MessageId = x.MessageId, ContentType = x.ContentType, BodyBytes = x.BodyBytes, FailedAt = x.FailedAt, CollectedAt = x.CollectedAt,
            Status = x.Status, ResolvedAt = x.ResolvedAt, ResolvedBy = x.ResolvedBy, ResolvedReason = x.ResolvedReason, ReplacedBy = x.ReplacedBy,
        }).ToListAsync(cancellationToken);
        return new DeadLetterPage([.. page.Take(limit).Select(DeadLetterView.Of)], page.Count > limit ? page[limit - 1].Id.ToString(System.Globalization.CultureInfo.InvariantCulture) : null);
    }

    public async Task<IReadOnlyList<DeadLetterGroup>> GroupsAsync(DeadLetterFilter filter, Caller caller, CancellationToken cancellationToken)
    {
        var groups = await filter.Apply(Visible(caller))
            .GroupBy(x => new { x.Queue, x.SourceQueue, x.Code, x.ExceptionGroup, x.Agent, x.Status })
            .Select(x => new { x.Key, Count = x.Count(), First = x.Min(y => y.CollectedAt), Last = x.Max(y => y.CollectedAt), Sample = x.Max(y => y.Id) })
            .OrderByDescending(x => x.Count)
            .Take(MostGroups)
            .ToListAsync(cancellationToken);
        return [.. groups.Select(x => new DeadLetterGroup(
            x.Key.Queue ?? x.Key.SourceQueue, x.Key.Code, x.Key.ExceptionGroup, x.Key.Agent, x.Key.Status, x.Count, DeadLetterView.Utc(x.First), DeadLetterView.Utc(x.Last), x.Sample))];
    }

    public async Task<DeadLetterDetails?> FindAsync(long id, Caller caller, CancellationToken cancellationToken) =>
        await Visible(caller).SingleOrDefaultAsync(x => x.Id == id, cancellationToken) is { } letter
            ? new DeadLetterDetails(DeadLetterView.Of(letter), JsonSerializer.Deserialize<JsonElement>(letter.Properties))
            : null;

    public Task<byte[]?> BodyAsync(long id, Caller caller, CancellationToken cancellationToken) =>
        Visible(caller).Where(x => x.Id == id).Select(x => x.Body).SingleOrDefaultAsync(cancellationToken);

    private IQueryable<DeadLetter> Visible(Caller caller)
    {
        var letters = database.DeadLetters.AsNoTracking();
        return caller.IsOperator ? letters : letters.Where(x => x.Tenant != null && x.Tenant == caller.Tenant);
    }
}
