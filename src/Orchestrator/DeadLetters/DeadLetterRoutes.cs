using System.Globalization;
using System.Text.Json;
using Pipeline.Orchestrator.Access;
using Pipeline.Orchestrator.Http;
using Pipeline.Orchestrator.Persistence;

namespace Pipeline.Orchestrator.DeadLetters;

/// <summary>What could not be processed: look, replay, put away. Looking takes any key, deciding an operator's.</summary>
internal static class DeadLetterRoutes
{
    private const int DefaultLimit = 50;
    private const int LargestLimit = 200;

    /// <summary>Larger than the largest body that is kept, escaped as JSON text.</summary>
    private const int LargestRequest = 16 * 1024 * 1024;

    public static void MapDeadLetters(this IEndpointRouteBuilder routes)
    {
        var looking = routes.MapGroup("/dead-letters").RequireAuthorization(AccessPolicy.AnyKey);
        Filtered(looking.MapGet("", ListAsync).WithSummary("Lists dead letters, newest first."))
            .TakesQuery("limit", "integer", $"Items of a page, 1 to {LargestLimit}; {DefaultLimit} where absent.")
            .TakesQuery("cursor", "string", "'next' of the page before.")
            .Answers<DeadLetterPage>(StatusCodes.Status200OK, "One page.")
            .Refuses(StatusCodes.Status400BadRequest, HttpCode.QueryInvalid, HttpCode.CursorInvalid);
        Filtered(looking.MapGet("/groups", GroupsAsync).WithSummary("Counts dead letters that failed alike."))
            .Answers<IReadOnlyList<DeadLetterGroup>>(StatusCodes.Status200OK, "The largest groups first, at most 500.")
            .Refuses(StatusCodes.Status400BadRequest, HttpCode.QueryInvalid);
        looking.MapGet("/{id:long}", async (long id, HttpContext http, DeadLetterQueries queries) =>
                await queries.FindAsync(id, Caller.Of(http.User), http.RequestAborted) is { } letter ? Results.Ok(letter) : DeadLetterDesk.Unknown(id))
            .WithSummary("One dead letter with its headers.")
            .Answers<DeadLetterDetails>(StatusCodes.Status200OK, "As it was found.")
            .Refuses(StatusCodes.Status404NotFound, HttpCode.DeadLetterUnknown);
        looking.MapGet("/{id:long}/body", async (long id, HttpContext http, DeadLetterQueries queries) =>
                await queries.BodyAsync(id, Caller.Of(http.User), http.RequestAborted) is { } body ? Results.Bytes(body, "application/octet-stream") : DeadLetterDesk.Unknown(id))
            .WithSummary("The bytes as they came.")
            .Answers(StatusCodes.Status200OK, "Whatever was sent.")
            .Refuses(StatusCodes.Status404NotFound, HttpCode.DeadLetterUnknown);

        var deciding = routes.MapGroup("/dead-letters").RequireAuthorization(AccessPolicy.Operator);
        deciding.MapPost("/{id:long}/replay", ReplayAsync)
            .WithSummary("Sends one to its queue again: unchanged under its own message id, or edited under a new one.")
            .Takes<ReplayRequest>()
            .Answers<DeadLetterView>(StatusCodes.Status200OK, "The broker has confirmed it.")
            .Refuses(StatusCodes.Status400BadRequest, HttpCode.RequestMalformed)
            .Refuses(StatusCodes.Status404NotFound, HttpCode.DeadLetterUnknown)
            .Refuses(StatusCodes.Status409Conflict, HttpCode.ReplayImpossible)
            .Refuses(StatusCodes.Status503ServiceUnavailable, HttpCode.ReplayUnconfirmed);
        deciding.MapPost("/replays", ReplayManyAsync)
            .WithSummary("Sends all that a filter means to their queues again, at a rate.")
            .Takes<ReplayManyRequest>()
            .Answers<ReplayView>(StatusCodes.Status202Accepted, "Location says how far it is.")
            .Refuses(StatusCodes.Status400BadRequest, HttpCode.RequestMalformed);
        deciding.MapGet("/replays/{id:guid}", (Guid id, HttpContext http, OrchestratorDbContext database) => DeadLetterReplays.FindAsync(id, database, http.RequestAborted))
            .WithSummary("How far a replay is.")
            .Answers<ReplayView>(StatusCodes.Status200OK, "As it is now.")
            .Refuses(StatusCodes.Status404NotFound, HttpCode.ReplayUnknown);
        deciding.MapDelete("/replays/{id:guid}", (Guid id, HttpContext http, OrchestratorDbContext database, TimeProvider time) => DeadLetterReplays.StopAsync(id, database, time, http.RequestAborted))
            .WithSummary("Stops a replay. What was sent was sent.")
            .Answers<ReplayView>(StatusCodes.Status200OK, "As it is now.")
            .Refuses(StatusCodes.Status404NotFound, HttpCode.ReplayUnknown);
        deciding.MapDelete("/{id:long}", (long id, HttpContext http, DeadLetterDesk desk) => desk.DiscardAsync(id, Who(http), http.RequestAborted))
            .WithSummary("Puts one away. It stays to be looked at until retention deletes it.")
            .Answers<DeadLetterView>(StatusCodes.Status200OK, "As it is now.")
            .Refuses(StatusCodes.Status404NotFound, HttpCode.DeadLetterUnknown);
        deciding.MapPost("/discards", DiscardManyAsync)
            .WithSummary("Puts away all that a filter means.")
            .Takes<DiscardRequest>()
            .Answers<DiscardResult>(StatusCodes.Status200OK, "How many.")
            .Refuses(StatusCodes.Status400BadRequest, HttpCode.RequestMalformed);
    }

    private static RouteHandlerBuilder Filtered(RouteHandlerBuilder route) => route
        .TakesQuery("queue", "string", "Meant for, or found in, this queue.")
        .TakesQuery("code", "string", "With this code.")
        .TakesQuery("exceptionGroup", "string", "Of this group.")
        .TakesQuery("agent", "string", "Of this agent.")
        .TakesQuery("tenant", "string", "Of this tenant; for operators.")
        .TakesQuery("status", "string", $"One of {string.Join(", ", DeadLetterStatus.All)}.");

    private static async Task<IResult> ListAsync(HttpContext http, DeadLetterQueries queries)
    {
        var query = http.Request.Query;
        if (!TryFilter(query, out var filter, out var problem))
        {
            return problem!;
        }

        var limit = DefaultLimit;
        if (query["limit"].ToString() is { Length: > 0 } text && !(int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out limit) && limit is >= 1 and <= LargestLimit))
        {
            return Status.InvocationFilter.Invalid("limit", text, $"a number from 1 to {LargestLimit}");
        }

        long? before = null;
        if (query["cursor"].ToString() is { Length: > 0 } cursor)
        {
            if (!long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            {
                return Problem.Of(StatusCodes.Status400BadRequest, HttpCode.CursorInvalid, "The cursor is not one that this API gave. Take 'next' of the page before, or leave it out for the first page.");
            }

            before = id;
        }

        return Results.Ok(await queries.ListAsync(filter, before, limit, Caller.Of(http.User), http.RequestAborted));
    }

    private static async Task<IResult> GroupsAsync(HttpContext http, DeadLetterQueries queries) =>
        TryFilter(http.Request.Query, out var filter, out var problem) ? Results.Ok(await queries.GroupsAsync(filter, Caller.Of(http.User), http.RequestAborted)) : problem!;

    private static async Task<IResult> ReplayAsync(long id, HttpContext http, DeadLetterDesk desk)
    {
        var (request, problem) = await ReadAsync<ReplayRequest>(http, isRequired: false);
        return problem ?? await desk.ReplayAsync(id, request, Who(http), http.RequestAborted);
    }

    private static async Task<IResult> ReplayManyAsync(HttpContext http, OrchestratorDbContext database, TimeProvider time)
    {
        var (request, problem) = await ReadAsync<ReplayManyRequest>(http, isRequired: true);
        if (problem is not null)
        {
            return problem;
        }

        if (request!.PerSecond is not (>= DeadLetterReplays.LeastPerSecond and <= DeadLetterReplays.MostPerSecond))
        {
            return Malformed($"'perSecond' is '{request.PerSecond}'; it must be {DeadLetterReplays.LeastPerSecond} to {DeadLetterReplays.MostPerSecond}.");
        }

        return FilterProblem(request.Filter) ?? await DeadLetterReplays.RequestAsync(request, Who(http), database, time, http.RequestAborted);
    }

    private static async Task<IResult> DiscardManyAsync(HttpContext http, DeadLetterDesk desk)
    {
        var (request, problem) = await ReadAsync<DiscardRequest>(http, isRequired: true);
        return problem ?? FilterProblem(request!.Filter) ?? (request.Filter! with { Status = null } == new DeadLetterFilter()
            ? Malformed("The filter names nothing; all of them are not discarded at once.")
            : await desk.DiscardAsync(request, Who(http), http.RequestAborted));
    }

    private static Problem? FilterProblem(DeadLetterFilter? filter) =>
        filter is null ? Malformed("'filter' is required.") : filter.Problem() is { } problem ? Malformed($"The filter is not taken: {problem}.") : null;

    private static Problem Malformed(string detail) => Problem.Of(StatusCodes.Status400BadRequest, HttpCode.RequestMalformed, detail);

    private static bool TryFilter(IQueryCollection query, out DeadLetterFilter filter, out Problem? problem)
    {
        string? Text(string name) => query[name].ToString() is { Length: > 0 } text ? text : null;
        filter = new DeadLetterFilter { Queue = Text("queue"), Code = Text("code"), ExceptionGroup = Text("exceptionGroup"), Agent = Text("agent"), Tenant = Text("tenant"), Status = Text("status") };
        problem = filter.Problem() is { } wrong ? Problem.Of(StatusCodes.Status400BadRequest, HttpCode.QueryInvalid, $"The query is not taken: {wrong}.") : null;
        return problem is null;
    }

    private static async Task<(T? Request, Problem? Problem)> ReadAsync<T>(HttpContext http, bool isRequired)
        where T : class
    {
        if (!isRequired && http.Request is { ContentLength: null or 0, ContentType: null })
        {
            return (null, null);
        }

        if (http.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = LargestRequest;
        }

        if (!http.Request.HasJsonContentType())
        {
            return (null, Problem.Of(StatusCodes.Status415UnsupportedMediaType, HttpCode.ContentTypeUnsupported, $"The body is announced as '{http.Request.ContentType}'. Send JSON with 'Content-Type: application/json'."));
        }

        try
        {
            return await http.Request.ReadFromJsonAsync<T>(http.RequestAborted) is { } request ? (request, null) : (null, Malformed("The body is null."));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return (null, Malformed($"The body is not of the documented form: {e.Message}"));
        }
    }

    private static string? Who(HttpContext http) => Caller.Of(http.User).Name;
}
