namespace Pipeline.Orchestrator.Http;

internal static class OpenApiRoutes
{
    /// <summary>Open to everybody: it says what there is, not what is in it.</summary>
    public static void MapOpenApi(this IEndpointRouteBuilder routes) => routes
        .MapGet("/openapi/v1.json", (EndpointDataSource endpoints) => TypedResults.Text(new OpenApiDocument(endpoints).Create().ToJsonString(), "application/json"))
        .AllowAnonymous()
        .WithSummary("This document.")
        .Answers(StatusCodes.Status200OK, "OpenAPI 3.1.");
}
