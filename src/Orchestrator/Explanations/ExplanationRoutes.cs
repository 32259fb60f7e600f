using Microsoft.AspNetCore.Http.HttpResults;
using Pipeline.Contracts.Explanations;
using Pipeline.Orchestrator.Access;

namespace Pipeline.Orchestrator.Explanations;

/// <summary><c>GET /invocations/{id}/explanation</c>.</summary>
internal static class ExplanationRoutes
{
    // access: RequireAuthorization(AccessPolicy.AnyKey) once the policy is registered
    public static void MapExplanations(this IEndpointRouteBuilder routes) => routes.MapGet("/invocations/{id:guid}/explanation", Get);

    private static async Task<Results<Ok<InvocationExplanation>, ProblemHttpResult>> Get(Guid id, HttpContext http, ExplanationQueries queries, CancellationToken cancellationToken) =>
        await queries.FindAsync(id, Caller.Of(http.User), cancellationToken) is { } explanation
            ? TypedResults.Ok(explanation)
            : TypedResults.Problem(
                statusCode: StatusCodes.Status404NotFound,
                title: "invocation_unknown",
                detail: $"There is no invocation '{id}'. It was never accepted, or retention has deleted it.",
                extensions: [new("code", "invocation_unknown"), new("invocationId", id)]);
}
