namespace Pipeline.Orchestrator.Http;

/// <summary>What a route says of itself for the OpenAPI document. Written where the route is mapped, so that both change together.</summary>
internal static class RouteDocumentation
{
    /// <summary>The body is read by the route itself, not bound.</summary>
    public static RouteHandlerBuilder Takes<TBody>(this RouteHandlerBuilder route) => route.WithMetadata(new BodyDocumentation(typeof(TBody)));

    public static RouteHandlerBuilder TakesQuery(this RouteHandlerBuilder route, string name, string type, string description) =>
        route.WithMetadata(new ParameterDocumentation("query", name, type, description));

    public static RouteHandlerBuilder TakesHeader(this RouteHandlerBuilder route, string name, string description) =>
        route.WithMetadata(new ParameterDocumentation("header", name, "string", description));

    public static RouteHandlerBuilder Answers<TBody>(this RouteHandlerBuilder route, int status, string description, string contentType = "application/json") =>
        route.WithMetadata(new AnswerDocumentation(status, typeof(TBody), description, contentType));

    public static RouteHandlerBuilder Answers(this RouteHandlerBuilder route, int status, string description) =>
        route.WithMetadata(new AnswerDocumentation(status, null, description, null));

    /// <summary>Refuses with one of the codes, as <c>application/problem+json</c>.</summary>
    public static RouteHandlerBuilder Refuses(this RouteHandlerBuilder route, int status, params string[] codes) =>
        route.WithMetadata(new RefusalDocumentation(status, codes));
}

internal sealed record BodyDocumentation(Type Type);

internal sealed record ParameterDocumentation(string In, string Name, string Type, string Description);

internal sealed record AnswerDocumentation(int Status, Type? Type, string Description, string? ContentType);

internal sealed record RefusalDocumentation(int Status, IReadOnlyList<string> Codes);
