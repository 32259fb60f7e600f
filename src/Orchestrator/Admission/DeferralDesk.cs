using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Pipeline.Orchestrator.Persistence;
using Pipeline.SagaStore;

namespace Pipeline.Orchestrator.Admission;

/// <summary>
/// Decides on callers who find their agent closed: many at once, with a few statements and one commit for all of them, so that a flood of
/// callers costs the database next to nothing. A caller waits for the batch before its own and for its own, no timer.
/// </summary>
internal sealed class DeferralDesk(IServiceScopeFactory scopes, IOptions<AdmissionOptions> options, TimeProvider time, ILogger<DeferralDesk> logger) : BackgroundService
{
    private const int LargestBatch = 200;
    private const int Attempts = 3;
    private static readonly TimeSpan ClearInterval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan AskLimit = TimeSpan.FromSeconds(10);
    /// <summary>Clocks of two processes, and of a caller who rounds.</summary>
    private static readonly TimeSpan Early = TimeSpan.FromMilliseconds(250);

    private readonly Channel<Question> _questions = Channel.CreateBounded<Question>(10_000);
    private DateTime _clearAt;

    /// <exception cref="TimeoutException">The database does not answer.</exception>
    public async Task<DeferralAnswer> AskAsync(AgentLoad load, CallerIdentity caller, CancellationToken cancellationToken)
    {
        var question = new Question(load, caller);
        await _questions.Writer.WriteAsync(question, cancellationToken);
        return await question.Answer.Task.WaitAsync(AskLimit, time, cancellationToken);
    }

    /// <summary>The promise could not be kept: the caller gets another, soon.</summary>
    public async Task<DateTime> PromiseSoonAsync(AgentLoad load, CallerIdentity caller, CancellationToken cancellationToken)
    {
        var notBefore = load.Pacing.Soon(Now());
        await using var scope = scopes.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<OrchestratorDbContext>().AdmissionPromises
            .Where(x => x.Agent == load.Agent.Name && x.Identity == caller.Id)
            .ExecuteUpdateAsync(x => x.SetProperty(y => y.NotBefore, notBefore).SetProperty(y => y.ExpiresAt, notBefore + options.Value.PromiseGrace), cancellationToken);
        return notBefore;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (await _questions.Reader.WaitToReadAsync(stoppingToken))
        {
            var batch = new List<Question>();
            while (batch.Count < LargestBatch && _questions.Reader.TryRead(out var question))
            {
                batch.Add(question);
            }

            foreach (var agent in batch.GroupBy(x => x.Load))
            {
                await DecideAsync(agent.Key, [.. agent], stoppingToken);
            }
        }
    }

    private async Task DecideAsync(AgentLoad load, List<Question> questions, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                await DecideAsync(scope.ServiceProvider.GetRequiredService<OrchestratorDbContext>(), load, questions, cancellationToken);
                return;
            }
#pragma warning disable CA1031 // Whatever it is, the callers hear of it.
            catch (Exception e)
#pragma warning restore CA1031
            {
                // Another replica wrote a promise for the same caller: the next attempt reads it.
                if (attempt < Attempts && e is DbUpdateException && !DatabaseOutage.Is(e))
                {
                    continue;
                }

                logger.DeferralFailed(load.Agent.Name, questions.Count, e);
                questions.ForEach(x => x.Answer.TrySetException(e));
                return;
            }
        }
    }

    private async Task DecideAsync(OrchestratorDbContext database, AgentLoad load, List<Question> questions, CancellationToken cancellationToken)
    {
        var (agent, now) = (load.Agent.Name, Now());
        var ids = questions.Select(x => x.Caller.Id).Distinct().ToList();
        var accepted = (await database.Invocations.Where(x => ids.Contains(x.CorrelationId)).Select(x => x.CorrelationId).ToListAsync(cancellationToken)).ToHashSet();
        var keys = await TakenKeysAsync(database, agent, questions.Where(x => !accepted.Contains(x.Caller.Id)), cancellationToken);
        var kept = await database.AdmissionPromises.AsNoTracking().Where(x => x.Agent == agent && ids.Contains(x.Identity)).ToDictionaryAsync(x => x.Identity, cancellationToken);
        var answers = new Dictionary<Guid, DeferralAnswer>();
        var expired = new List<Guid>();
        foreach (var caller in questions.Select(x => x.Caller))
        {
            if (answers.ContainsKey(caller.Id))
            {
                continue;
            }

            if (accepted.Contains(caller.Id))
            {
                answers[caller.Id] = new DeferralAnswer(DeferralKind.AcceptedBefore, default);
            }
            else if (caller.Key is { } key && keys.Contains((caller.Tenant, key)))
            {
                answers[caller.Id] = new DeferralAnswer(DeferralKind.KeyAcceptedBefore, default);
            }
            else if (kept.TryGetValue(caller.Id, out var promise) && promise.ExpiresAt > now)
            {
                answers[caller.Id] = new DeferralAnswer(promise.NotBefore - Early <= now ? DeferralKind.Due : DeferralKind.Early, promise.NotBefore);
            }
            else
            {
                var (notBefore, isKept) = load.Pacing.Promise(now);
                answers[caller.Id] = new DeferralAnswer(isKept ? DeferralKind.Promised : DeferralKind.NoPlace, notBefore);
                if (promise is not null)
                {
                    expired.Add(caller.Id);
                }

                if (isKept)
                {
                    database.Add(new AdmissionPromise { Agent = agent, Identity = caller.Id, NotBefore = notBefore, ExpiresAt = notBefore + options.Value.PromiseGrace });
                }
            }
        }

        if (expired.Count > 0)
        {
            await database.AdmissionPromises.Where(x => x.Agent == agent && expired.Contains(x.Identity)).ExecuteDeleteAsync(cancellationToken);
        }

        if (_clearAt <= now)
        {
            await database.AdmissionPromises.Where(x => x.ExpiresAt < now).ExecuteDeleteAsync(cancellationToken);
            _clearAt = now + ClearInterval;
        }

        await database.SaveChangesAsync(cancellationToken);
        questions.ForEach(x => x.Answer.TrySetResult(answers[x.Caller.Id]));
    }

    /// <summary>Keys that stand beside an id that an earlier submission brought.</summary>
    private static async Task<HashSet<(string, string)>> TakenKeysAsync(OrchestratorDbContext database, string agent, IEnumerable<Question> questions, CancellationToken cancellationToken)
    {
        var withKey = questions.Select(x => x.Caller).Where(x => x.Key is not null).ToList();
        if (withKey.Count == 0)
        {
            return [];
        }

        var tenants = withKey.Select(x => x.Tenant).Distinct().ToList();
        var keys = withKey.Select(x => x.Key).Distinct().ToList();
        var taken = await database.Invocations.Where(x => tenants.Contains(x.Tenant) && x.Agent == agent && keys.Contains(x.IdempotencyKey)).Select(x => new { x.Tenant, x.IdempotencyKey }).ToListAsync(cancellationToken);
        return [.. taken.Select(x => (x.Tenant, x.IdempotencyKey!))];
    }

    private DateTime Now() => time.GetUtcNow().UtcDateTime;

    private sealed record Question(AgentLoad Load, CallerIdentity Caller)
    {
        public TaskCompletionSource<DeferralAnswer> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
