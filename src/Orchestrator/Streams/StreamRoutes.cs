using Microsoft.Extensions.Options;
using Pipeline.Orchestrator.Access;
using Pipeline.Orchestrator.Http;
using Pipeline.Orchestrator.Status;

namespace Pipeline.Orchestrator.Streams;

/// <summary>An invocation's timeline as server-sent events.</summary>
internal static class StreamRoutes
{
    private const string LastEventId = "Last-Event-ID";
    private const int RetrySeconds = 10;

    public static void MapStreams(this IEndpointRouteBuilder routes) => routes.MapGet("/invocations/{id:guid}/events", StreamAsync)
        .RequireAuthorization(AccessPolicy.AnyKey)
        .WithSummary("Follows an invocation: one server-sent event for each timeline entry, its seq as id, the terminal one last; then the stream ends.")
        .TakesQuery("after", "integer", "Entries after this seq.")
        .TakesHeader(LastEventId, "The same, as browsers send it when they connect again; it goes before 'after'.")
        .Answers<TimelineEntryView>(StatusCodes.Status200OK, "Each event's data. Comments in between keep the connection open.", "text/event-stream")
        .Answers(StatusCodes.Status204NoContent, "It has ended and everything was read: do not connect again.")
        .Refuses(StatusCodes.Status400BadRequest, HttpCode.QueryInvalid)
        .Refuses(StatusCodes.Status404NotFound, HttpCode.InvocationUnknown)
        .Refuses(StatusCodes.Status429TooManyRequests, HttpCode.StreamsExhausted);

    private static async Task<IResult> StreamAsync(
        Guid id, HttpContext http, InvocationQueries queries, TimelineWatchers watchers, TimelineStream stream, HttpMetrics metrics, IOptions<HttpOptions> options, ILogger<TimelineStream> logger)
    {
        var caller = Caller.Of(http.User);
        var (name, text) = http.Request.Headers.TryGetValue(LastEventId, out var header) ? (LastEventId, header.ToString()) : ("after", http.Request.Query["after"].ToString());
        if (!StatusRoutes.TrySeq(text, out var after))
        {
            return InvocationFilter.Invalid(name, text, "the id of an event of this stream");
        }

        if (await queries.ProgressAsync(id, caller, http.RequestAborted) is not { } progress)
        {
            return StatusRoutes.Unknown(id);
        }

        if (after > progress.LastSeq)
        {
            return InvocationFilter.Invalid(name, text, $"the id of an event that was sent; the newest is '{progress.LastSeq}'");
        }

        if (progress.HasEnded && after == progress.LastSeq)
        {
            return TypedResults.NoContent();
        }

        using var watcher = watchers.Open(id, caller.Tenant ?? "");
        if (watcher is null)
        {
            metrics.StreamEnded(HttpCode.StreamsExhausted);
            logger.StreamRefused(id, http.Request.Method, HttpCode.StreamsExhausted);
            return Problem.Of(
                StatusCodes.Status429TooManyRequests,
                HttpCode.StreamsExhausted,
                $"This process has '{options.Value.MaxStreams}' event streams open, or '{options.Value.MaxStreamsPerTenant}' of this tenant. Close some, or ask for the timeline instead; try again after '{RetrySeconds}' s.",
                RetrySeconds,
                id);
        }

        watcher.Seen = after;
        metrics.StreamEnded(await stream.RunAsync(watcher, caller, http));
        return TypedResults.Empty;
    }
}
