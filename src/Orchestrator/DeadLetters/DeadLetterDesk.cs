using System.Text;
using Microsoft.EntityFrameworkCore;
using Pipeline.Orchestrator.Http;
using Pipeline.Orchestrator.Persistence;

namespace Pipeline.Orchestrator.DeadLetters;

/// <summary>What an operator decides of dead letters: send again, edited or not, or put away.</summary>
internal sealed class DeadLetterDesk(OrchestratorDbContext database, DeadLetterSender sender, DeadLetterMetrics metrics, TimeProvider time, ILogger<DeadLetterDesk> logger)
{
    public async Task<IResult> ReplayAsync(long id, ReplayRequest? request, string? who, CancellationToken cancellationToken)
    {
        if (await database.DeadLetters.AsNoTracking().SingleOrDefaultAsync(x => x.Id == id, cancellationToken) is not { } letter)
        {
            return Unknown(id);
        }

        if (Impossible(letter, request?.Body is not null) is { } problem)
        {
            return problem;
        }

        try
        {
            await SendAsync(letter, request?.Body is { } body ? Encoding.UTF8.GetBytes(body) : null, who, request?.Reason, cancellationToken);
        }
#pragma warning disable CA1031 // Whatever it was, the caller gets a name and the letter stays as it is.
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            metrics.Replayed("unconfirmed");
            logger.ReplayFailed(id, letter.Queue, e);
            return Problem.Of(StatusCodes.Status503ServiceUnavailable, HttpCode.ReplayUnconfirmed, $"The broker did not take dead letter '{id}' for '{letter.Queue}': {e.Message} It is kept; replay it again, which repeats no effect.", 5);
        }

        return TypedResults.Ok(DeadLetterView.Of(await database.DeadLetters.AsNoTracking().SingleAsync(x => x.Id == id, cancellationToken)));
    }

    /// <summary>Sends first and notes it after: a crash in between sends it twice, under one id.</summary>
    public async Task SendAsync(DeadLetter letter, byte[]? edited, string? who, string? reason, CancellationToken cancellationToken)
    {
        var messageId = await sender.SendAsync(letter, edited, cancellationToken);
        var now = time.GetUtcNow().UtcDateTime;
        var replacement = edited is null ? null : messageId;
        var why = Bounded(reason);
        await database.DeadLetters.Where(x => x.Id == letter.Id && x.Status == DeadLetterStatus.Kept).ExecuteUpdateAsync(
            x => x.SetProperty(y => y.Status, DeadLetterStatus.Replayed).SetProperty(y => y.ResolvedAt, now).SetProperty(y => y.ResolvedBy, who)
                .SetProperty(y => y.ResolvedReason, why).SetProperty(y => y.ReplacedBy, replacement),
            cancellationToken);
        metrics.Replayed("sent");
        logger.Replayed(letter.Id, letter.InvocationId, letter.Queue!, who, messageId);
    }

    public async Task<IResult> DiscardAsync(long id, string? who, CancellationToken cancellationToken)
    {
        if (await database.DeadLetters.AsNoTracking().SingleOrDefaultAsync(x => x.Id == id, cancellationToken) is null)
        {
            return Unknown(id);
        }

        await DiscardAsync(database.DeadLetters.Where(x => x.Id == id), who, null, cancellationToken);
        return TypedResults.Ok(DeadLetterView.Of(await database.DeadLetters.AsNoTracking().SingleAsync(x => x.Id == id, cancellationToken)));
    }

    /// <summary>All that wait for a decision and are meant by the filter.</summary>
    public async Task<IResult> DiscardAsync(DiscardRequest request, string? who, CancellationToken cancellationToken) =>
        TypedResults.Ok(new DiscardResult(await DiscardAsync((request.Filter! with { Status = null }).Apply(database.DeadLetters), who, request.Reason, cancellationToken)));

    /// <summary>Why a letter cannot be sent again; null where it can.</summary>
    public Problem? Impossible(DeadLetter letter, bool isEdited)
    {
        if (!sender.IsPossible)
        {
            return Problem.Of(StatusCodes.Status409Conflict, HttpCode.ReplayImpossible, "This process has no broker: the in-memory transport takes no message back. Submit it again.");
        }

        if (letter.Status != DeadLetterStatus.Kept)
        {
            return Problem.Of(StatusCodes.Status409Conflict, HttpCode.ReplayImpossible, $"Dead letter '{letter.Id}' is '{letter.Status}' since '{letter.ResolvedAt:O}'. If it failed again, that is another dead letter.");
        }

        if (letter.Queue is null)
        {
            return Problem.Of(StatusCodes.Status409Conflict, HttpCode.ReplayImpossible, $"Which queue dead letter '{letter.Id}' was meant for is not known. Publish its body yourself, then discard it.");
        }

        return letter.BodyBytes > letter.Body.Length && !isEdited
            ? Problem.Of(StatusCodes.Status409Conflict, HttpCode.ReplayImpossible, $"Dead letter '{letter.Id}' had '{letter.BodyBytes}' bytes, of which '{letter.Body.Length}' are kept. Replay it with a whole body.")
            : null;
    }

    internal static Problem Unknown(long id) => Problem.Of(StatusCodes.Status404NotFound, HttpCode.DeadLetterUnknown, $"There is no dead letter '{id}'. Retention may have deleted it.");

    private async Task<int> DiscardAsync(IQueryable<DeadLetter> letters, string? who, string? reason, CancellationToken cancellationToken)
    {
        var (now, why) = (time.GetUtcNow().UtcDateTime, Bounded(reason));
        var count = await letters.Where(x => x.Status == DeadLetterStatus.Kept).ExecuteUpdateAsync(
            x => x.SetProperty(y => y.Status, DeadLetterStatus.Discarded).SetProperty(y => y.ResolvedAt, now).SetProperty(y => y.ResolvedBy, who).SetProperty(y => y.ResolvedReason, why),
            cancellationToken);
        metrics.Discarded(count);
        logger.Discarded(count, who, why);
        return count;
    }

    internal static string? Bounded(string? reason) => reason is { Length: > DeadLetterMap.LongestName } ? reason[..DeadLetterMap.LongestName] : reason;
}
