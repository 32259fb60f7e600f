using System.Globalization;
using Pipeline.Orchestrator.Access;
using Pipeline.Orchestrator.Http;

namespace Pipeline.Orchestrator.Status;

/// <summary>What can be asked of invocations, and that they end.</summary>
internal static class StatusRoutes
{
    public static void MapStatus(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/invocations").RequireAuthorization(AccessPolicy.AnyKey);
        group.MapGet("", ListAsync)
            .WithSummary("Lists invocations, newest first.")
            .TakesQuery("agent", "string", "Of this agent.")
            .TakesQuery("tenant", "string", "Of this tenant; for operators.")
            .TakesQuery("state", "string", "In this state.")
            .TakesQuery("session", "string", "Of this session.")
            .TakesQuery("acceptedAfter", "string", "Accepted after this instant.")
            .TakesQuery("acceptedBefore", "string", "Accepted before this instant.")
            .TakesQuery("limit", "integer", $"Items of a page, 1 to {InvocationFilter.LargestLimit}; {InvocationFilter.DefaultLimit} where absent.")
            .TakesQuery("cursor", "string", "'next' of the page before.")
            .Answers<InvocationPage>(StatusCodes.Status200OK, "One page; 'next' is the cursor of the next one, null on the last.")
            .Refuses(StatusCodes.Status400BadRequest, HttpCode.QueryInvalid, HttpCode.CursorInvalid);
        group.MapGet("/{id:guid}", GetAsync)
            .WithSummary("One invocation.")
            .Answers<InvocationView>(StatusCodes.Status200OK, "As it is now; with its output once it has one.")
            .Refuses(StatusCodes.Status404NotFound, HttpCode.InvocationUnknown);
        group.MapGet("/{id:guid}/timeline", GetTimelineAsync)
            .WithSummary("What happened to an invocation, in order.")
            .TakesQuery("after", "integer", "Entries after this seq.")
            .Answers<IReadOnlyList<TimelineEntryView>>(StatusCodes.Status200OK, $"At most {InvocationQueries.TimelinePage} entries, fewer where they are large. Ask again after the last one until there are none.")
            .Refuses(StatusCodes.Status400BadRequest, HttpCode.QueryInvalid)
            .Refuses(StatusCodes.Status404NotFound, HttpCode.InvocationUnknown);
        group.MapDelete("/{id:guid}", (Guid id, HttpContext http, CancellationRequests cancellations) => cancellations.CancelAsync(id, Caller.Of(http.User), http.RequestAborted))
            .WithSummary("Cancels an invocation. Repeating it is harmless.")
            .Answers<Cancellation>(StatusCodes.Status202Accepted, "The cancellation is on its way.")
            .Answers<InvocationView>(StatusCodes.Status200OK, "It has ended already.")
            .Refuses(StatusCodes.Status404NotFound, HttpCode.InvocationUnknown)
            .Refuses(StatusCodes.Status503ServiceUnavailable, HttpCode.CancelUnconfirmed);
    }

    /// <summary>The one answer for what does not exist and for what is another tenant's.</summary>
    internal static Problem Unknown(Guid id) => Problem.Of(
        StatusCodes.Status404NotFound, HttpCode.InvocationUnknown, $"There is no invocation '{id}'. It was never accepted, or retention has deleted it.", null, id);

    /// <summary>A number of a timeline entry; 0 where absent.</summary>
    internal static bool TrySeq(string? text, out int seq)
    {
        seq = 0;
        return string.IsNullOrEmpty(text) || int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out seq);
    }

    private static async Task<IResult> ListAsync(HttpContext http, InvocationQueries queries)
    {
        var (filter, problem) = InvocationFilter.Read(http.Request.Query);
        return filter is null ? problem! : TypedResults.Ok(await queries.ListAsync(filter, Caller.Of(http.User), http.RequestAborted));
    }

    private static async Task<IResult> GetAsync(Guid id, HttpContext http, InvocationQueries queries) =>
        await queries.FindAsync(id, Caller.Of(http.User), http.RequestAborted) is { } view ? TypedResults.Ok(view) : Unknown(id);

    private static async Task<IResult> GetTimelineAsync(Guid id, HttpContext http, InvocationQueries queries)
    {
        var after = http.Request.Query["after"].ToString();
        if (!TrySeq(after, out var seq))
        {
            return InvocationFilter.Invalid("after", after, "the seq of a timeline entry");
        }

        return await queries.TimelineAsync(id, seq, Caller.Of(http.User), http.RequestAborted) is { } timeline ? TypedResults.Ok(timeline) : Unknown(id);
    }
}
