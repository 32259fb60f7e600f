using Microsoft.AspNetCore.Http.HttpResults;
using Pipeline.Orchestrator.Access;

namespace Pipeline.Orchestrator.Status;

/// <summary>The read side of the HTTP API.</summary>
internal static class StatusRoutes
{
    public static void MapStatus(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/invocations").RequireAuthorization(AccessPolicy.AnyKey);
        group.MapGet("/{id:guid}", Get);
        group.MapGet("/{id:guid}/timeline", GetTimeline);
    }

    private static async Task<Results<Ok<InvocationView>, ProblemHttpResult>> Get(Guid id, InvocationQueries queries, CancellationToken cancellationToken) =>
        await queries.FindAsync(id, cancellationToken) is { } view ? TypedResults.Ok(view) : NotFound(id);

    private static async Task<Results<Ok<IReadOnlyList<TimelineEntryView>>, ProblemHttpResult>> GetTimeline(Guid id, int? after, InvocationQueries queries, CancellationToken cancellationToken) =>
        await queries.TimelineAsync(id, after ?? 0, cancellationToken) is { } timeline ? TypedResults.Ok(timeline) : NotFound(id);

    private static ProblemHttpResult NotFound(Guid id) => TypedResults.Problem(
        statusCode: StatusCodes.Status404NotFound,
        title: "invocation_unknown",
        detail: $"There is no invocation '{id}'. It was never accepted, or retention has deleted it.");
}
