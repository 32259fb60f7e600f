using System.Text.Json;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Pipeline.Orchestrator.Http;
using Pipeline.Orchestrator.Persistence;

namespace Pipeline.Orchestrator.DeadLetters;

/// <summary>
/// Works off replays of many, each at its own rate. A replica holds a replay by a lease; when it dies, another goes on at the letter it had
/// come to, and one that was sent and not noted is sent again under the same id.
/// </summary>
internal sealed class DeadLetterReplays(IServiceScopeFactory scopes, DeadLetterMetrics metrics, TimeProvider time, ILogger<DeadLetterReplays> logger) : BackgroundService
{
    public const double LeastPerSecond = 0.1;
    public const double MostPerSecond = 1000;

    private static readonly TimeSpan Round = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    // How much of a letter this process still owes each replay: rates below one a second need a memory.
    private readonly Dictionary<Guid, double> _owed = [];

    public static async Task<IResult> RequestAsync(ReplayManyRequest request, string? who, OrchestratorDbContext database, TimeProvider time, CancellationToken cancellationToken)
    {
        var filter = request.Filter! with { Status = null };
        var last = await filter.Apply(database.DeadLetters).Where(x => x.Status == DeadLetterStatus.Kept).Select(x => (long?)x.Id).MaxAsync(cancellationToken) ?? 0;
        var replay = new DeadLetterReplay
        {
            Id = NewId.NextGuid(),
            Filter = JsonSerializer.Serialize(filter, DeadLetterJson.Stored.DeadLetterFilter),
            PerSecond = request.PerSecond,
            LastId = last,
            RequestedAt = time.GetUtcNow().UtcDateTime,
            RequestedBy = who,
            Reason = DeadLetterDesk.Bounded(request.Reason),
            LeaseUntil = DateTime.UnixEpoch,
        };
        database.DeadLetterReplays.Add(replay);
        await database.SaveChangesAsync(cancellationToken);
        return TypedResults.Accepted($"/dead-letters/replays/{replay.Id}", await ViewAsync(replay, database, cancellationToken));
    }

    public static async Task<IResult> FindAsync(Guid id, OrchestratorDbContext database, CancellationToken cancellationToken) =>
        await database.DeadLetterReplays.AsNoTracking().SingleOrDefaultAsync(x => x.Id == id, cancellationToken) is { } replay
            ? TypedResults.Ok(await ViewAsync(replay, database, cancellationToken))
            : Problem.Of(StatusCodes.Status404NotFound, HttpCode.ReplayUnknown, $"There is no replay '{id}'.");

    public static async Task<IResult> StopAsync(Guid id, OrchestratorDbContext database, TimeProvider time, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().UtcDateTime;
        await database.DeadLetterReplays.Where(x => x.Id == id && x.State == DeadLetterReplay.Running).ExecuteUpdateAsync(
            x => x.SetProperty(y => y.State, DeadLetterReplay.Stopped).SetProperty(y => y.EndedAt, now).SetProperty(y => y.Version, y => y.Version + 1), cancellationToken);
        return await FindAsync(id, database, cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Round, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                var database = scope.ServiceProvider.GetRequiredService<OrchestratorDbContext>();
                foreach (var replay in await database.DeadLetterReplays.AsNoTracking().Where(x => x.State == DeadLetterReplay.Running).OrderBy(x => x.RequestedAt).Take(20).ToListAsync(stoppingToken))
                {
                    await GoOnAsync(replay, database, scope.ServiceProvider.GetRequiredService<DeadLetterDesk>(), stoppingToken);
                }
            }
#pragma warning disable CA1031 // Outlives an outage of the database.
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                logger.ReplayRoundFailed(e);
            }
        }
    }

    private async Task GoOnAsync(DeadLetterReplay replay, OrchestratorDbContext database, DeadLetterDesk desk, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var isOurs = _owed.ContainsKey(replay.Id);
        if (!isOurs && replay.LeaseUntil > now)
        {
            return;
        }

        if (!await StepAsync(replay, database, x => x.LeaseUntil = now + Lease, cancellationToken))
        {
            // Another replica has it now, or it was stopped.
            _owed.Remove(replay.Id);
            return;
        }

        var owed = _owed.GetValueOrDefault(replay.Id) + (replay.PerSecond * Round.TotalSeconds);
        var due = (int)owed;
        _owed[replay.Id] = owed - due;
        var filter = JsonSerializer.Deserialize(replay.Filter, DeadLetterJson.Stored.DeadLetterFilter)!;
        var letters = await filter.Apply(database.DeadLetters.AsNoTracking())
            .Where(x => x.Status == DeadLetterStatus.Kept && x.Id > replay.DoneId && x.Id <= replay.LastId)
            .OrderBy(x => x.Id).Take(Math.Max(1, due)).ToListAsync(cancellationToken);
        if (letters.Count == 0)
        {
            await StepAsync(replay, database, x => (x.State, x.EndedAt) = (DeadLetterReplay.Done, now), cancellationToken);
            _owed.Remove(replay.Id);
            logger.ReplayEnded(replay.Id, replay.State, replay.Replayed, replay.Failed);
            return;
        }

        foreach (var letter in letters.Take(due))
        {
            var error = await SendAsync(letter, replay, desk, cancellationToken);
            var noted = await StepAsync(replay, database, x =>
            {
                (x.DoneId, x.LeaseUntil) = (letter.Id, time.GetUtcNow().UtcDateTime + Lease);
                _ = error is null ? x.Replayed++ : x.Failed++;
                x.LastError = error ?? x.LastError;
            }, cancellationToken);
            if (!noted)
            {
                _owed.Remove(replay.Id);
                return;
            }
        }
    }

    private async Task<string?> SendAsync(DeadLetter letter, DeadLetterReplay replay, DeadLetterDesk desk, CancellationToken cancellationToken)
    {
        if (desk.Impossible(letter, isEdited: false) is { } problem)
        {
            return $"{letter.Id}: {problem.Code}";
        }

        try
        {
            await desk.SendAsync(letter, null, replay.RequestedBy, replay.Reason, cancellationToken);
            return null;
        }
#pragma warning disable CA1031 // One that cannot be sent stays kept and does not hold up the others.
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            metrics.Replayed("unconfirmed");
            logger.ReplayFailed(letter.Id, letter.Queue, e);
            var text = $"{letter.Id}: {e.Message}";
            return text.Length > DeadLetterMap.LongestReason ? text[..DeadLetterMap.LongestReason] : text;
        }
    }

    /// <summary>Writes a change, only if nobody else has changed it since it was read.</summary>
    private static async Task<bool> StepAsync(DeadLetterReplay replay, OrchestratorDbContext database, Action<DeadLetterReplay> change, CancellationToken cancellationToken)
    {
        var version = replay.Version;
        change(replay);
        replay.Version = version + 1;
        return await database.DeadLetterReplays.Where(x => x.Id == replay.Id && x.Version == version && x.State == DeadLetterReplay.Running).ExecuteUpdateAsync(
            x => x.SetProperty(y => y.Version, replay.Version).SetProperty(y => y.LeaseUntil, replay.LeaseUntil).SetProperty(y => y.DoneId, replay.DoneId)
                .SetProperty(y => y.Replayed, replay.Replayed).SetProperty(y => y.Failed, replay.Failed).SetProperty(y => y.LastError, replay.LastError)
                .SetProperty(y => y.State, replay.State).SetProperty(y => y.EndedAt, replay.EndedAt),
            cancellationToken) == 1;
    }

    private static async Task<ReplayView> ViewAsync(DeadLetterReplay replay, OrchestratorDbContext database, CancellationToken cancellationToken)
    {
        var filter = JsonSerializer.Deserialize(replay.Filter, DeadLetterJson.Stored.DeadLetterFilter)!;
        var left = replay.State == DeadLetterReplay.Running
            ? await filter.Apply(database.DeadLetters).CountAsync(x => x.Status == DeadLetterStatus.Kept && x.Id > replay.DoneId && x.Id <= replay.LastId, cancellationToken)
            : 0;
        return new ReplayView(
            replay.Id, replay.State, replay.PerSecond, replay.Replayed, replay.Failed, left, DeadLetterView.Utc(replay.RequestedAt), replay.EndedAt is { } ended ? DeadLetterView.Utc(ended) : null, replay.RequestedBy, replay.LastError);
    }
}
