using Pipeline.Contracts.Explanations;
using Pipeline.Orchestrator.Access;
using Pipeline.Orchestrator.Http;
using Pipeline.Orchestrator.Status;

namespace Pipeline.Orchestrator.Explanations;

/// <summary><c>GET /invocations/{id}/explanation</c>.</summary>
internal static class ExplanationRoutes
{
    public static void MapExplanations(this IEndpointRouteBuilder routes) => routes
        .MapGet("/invocations/{id:guid}/explanation", GetAsync)
        .RequireAuthorization(AccessPolicy.AnyKey)
        .WithSummary("Where an invocation's time and tokens went, what it waits for now, and what to do.")
        .Answers<InvocationExplanation>(StatusCodes.Status200OK, "Made from the row and the timeline alone.")
        .Refuses(StatusCodes.Status404NotFound, HttpCode.InvocationUnknown);

    private static async Task<IResult> GetAsync(Guid id, HttpContext http, ExplanationQueries queries) =>
        await queries.FindAsync(id, Caller.Of(http.User), http.RequestAborted) is { } explanation ? TypedResults.Ok(explanation) : StatusRoutes.Unknown(id);
}
