using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Pipeline.LlmGateway.Ownership;
using Pipeline.LlmGateway.Persistence;
using Pipeline.LlmGateway.Writes;

namespace Pipeline.LlmGateway.Completions;

/// <summary>
/// Stores each answer, then sends it, then notes that it is sent. What dies in between is sent by the next sweep, of this owner or the next one,
/// under the same message id.
/// </summary>
internal sealed class Answers(
    DomainGroup group, GroupWriter writer, AnswerSender sender, IServiceScopeFactory scopes, IOptions<CompletionOptions> options, TimeProvider time, ILogger<Answers> logger)
{
    /// <summary>Answers on their way at once; beyond it they stay in the store until the next sweep, not in memory.</summary>
    private const int MostOnTheirWay = 256;

    private const int RowsInOneSweep = 50;

    private readonly HashSet<CompletionKey> _onTheirWay = [];

    /// <summary>Returns when the answer is stored and, where the broker answers, sent.</summary>
    /// <param name="key">What it answers.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="call">The call that brought it; null for none.</param>
    /// <param name="replyTo">Where it goes; null where only the store knows.</param>
    /// <param name="cancellationToken">Ends the wait; what is stored is sent by the next owner.</param>
    public async Task AnswerAsync(CompletionKey key, StoredAnswer answer, CallEnd? call, ReplyTo? replyTo, CancellationToken cancellationToken)
    {
        var write = new CompleteWrite(key, answer.ToJson(), answer.IsFailure, time.GetUtcNow(), call, replyTo);
        await writer.WriteAsync(write, cancellationToken);
        CrashPoint.Reach(CrashPoint.BeforeAnswer);
        if (write.ReplyTo is { } to && !await TrySendAsync(key, answer, to, cancellationToken))
        {
            logger.AnswerWaits(key.InvocationId, key.Turn, options.Value.AnswerSweep.TotalSeconds);
        }
    }

    /// <summary>Sends what is stored and was not confirmed, again and again, until the owner stops.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                while (await SweepOnceAsync(cancellationToken))
                {
                    // There may be more.
                }
            }
            catch (Exception e) when (e is not FencedException && !cancellationToken.IsCancellationRequested)
            {
                logger.SweepFailed(e, group.Name, options.Value.AnswerSweep.TotalSeconds);
            }

            await Task.Delay(options.Value.AnswerSweep, time, cancellationToken);
        }
    }

    /// <summary>A redelivered request whose answer is there: sends it again.</summary>
    /// <exception cref="AnswerUnconfirmedException">The broker did not confirm it; the delivery should go back.</exception>
    public async Task AgainAsync(CompletionKey key, ReplyTo replyTo, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var row = await Database(scope).Completions.AsNoTracking().Where(x => x.InvocationId == key.InvocationId && x.Turn == key.Turn && x.Answer != null)
            .Select(x => new { x.Answer, x.IsFailure }).SingleOrDefaultAsync(cancellationToken);
        if (row is not null)
        {
            await sender.SendAsync(key, StoredAnswer.Read(row.Answer!, row.IsFailure), replyTo, cancellationToken);
            await writer.EnqueueAsync(new AnsweredWrite(key, time.GetUtcNow()), cancellationToken);
        }
    }

    /// <returns>False where it has to wait for the sweep.</returns>
    private async Task<bool> TrySendAsync(CompletionKey key, StoredAnswer answer, ReplyTo replyTo, CancellationToken cancellationToken)
    {
        lock (_onTheirWay)
        {
            if (_onTheirWay.Count >= MostOnTheirWay || !_onTheirWay.Add(key))
            {
                return false;
            }
        }

        var known = Task.CompletedTask;
        try
        {
            await sender.SendAsync(key, answer, replyTo, cancellationToken);
            var answered = new AnsweredWrite(key, time.GetUtcNow());
            await writer.EnqueueAsync(answered, cancellationToken);
            known = answered.Committed;
            return true;
        }
        catch (AnswerUnconfirmedException)
        {
            return false;
        }
        finally
        {
            _ = ArrivedAsync(key, known);
        }
    }

    /// <summary>On its way until the store knows that it is sent: a sweep in between would send it twice.</summary>
    private async Task ArrivedAsync(CompletionKey key, Task known)
    {
        await known.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_onTheirWay)
        {
            _onTheirWay.Remove(key);
        }
    }

    /// <returns>True where there may be more.</returns>
    private async Task<bool> SweepOnceAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var rows = await Database(scope).Completions.AsNoTracking().Where(x => x.State == CompletionState.Completed && group.Pools.Contains(x.AskedPool))
            .OrderBy(x => x.CompletedAt).Take(RowsInOneSweep + MostOnTheirWay)
            .Select(x => new { x.InvocationId, x.Turn }).ToListAsync(cancellationToken);
        var waiting = rows.Select(x => new CompletionKey(x.InvocationId, x.Turn)).Where(x => !IsOnItsWay(x)).Take(RowsInOneSweep).ToList();
        foreach (var key in waiting)
        {
            var row = await Database(scope).Completions.AsNoTracking()
                .SingleOrDefaultAsync(x => x.InvocationId == key.InvocationId && x.Turn == key.Turn && x.State == CompletionState.Completed, cancellationToken);
            if (row is null)
            {
                continue;
            }

            var replyTo = new ReplyTo(row.ResponseAddress, row.RequestId, row.ConversationId, row.CorrelationId, row.TraceParent);
            if (!await TrySendAsync(key, StoredAnswer.Read(row.Answer!, row.IsFailure), replyTo, cancellationToken))
            {
                // The broker is away, or so much is on its way that this can wait.
                return false;
            }

            logger.AnswerSwept(key.InvocationId, key.Turn);
        }

        return waiting.Count == RowsInOneSweep;
    }

    private bool IsOnItsWay(CompletionKey key)
    {
        lock (_onTheirWay)
        {
            return _onTheirWay.Contains(key);
        }
    }

    private static LlmGatewayDbContext Database(AsyncServiceScope scope) => scope.ServiceProvider.GetRequiredService<LlmGatewayDbContext>();
}
