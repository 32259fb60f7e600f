using Pipeline.Contracts;
using Pipeline.Contracts.Invocations;
using Pipeline.Orchestrator.Access;
using Pipeline.Orchestrator.Http;

namespace Pipeline.Orchestrator.Ingress;

internal static class SubmissionRoutes
{
    public static void MapSubmissions(this IEndpointRouteBuilder routes) => routes
        .MapPost("/invocations", (HttpContext http, SubmissionRequests submissions) => submissions.SubmitAsync(http))
        .RequireAuthorization(AccessPolicy.AnyKey)
        .WithSummary("Submits an invocation. The same body under the same invocationId or idempotencyKey means the same invocation.")
        .Takes<SubmitInvocation>()
        .TakesHeader("Idempotency-Key", "Stands in for idempotencyKey where the body has none.")
        .Answers<InvocationEvent>(StatusCodes.Status202Accepted, "Accepted; Location is where it can be asked for.")
        .Refuses(StatusCodes.Status400BadRequest, FailureCode.SubmissionInvalid, HttpCode.RequestMalformed)
        .Refuses(StatusCodes.Status403Forbidden, HttpCode.TenantForbidden)
        .Refuses(StatusCodes.Status404NotFound, FailureCode.AgentUnknown)
        .Refuses(StatusCodes.Status408RequestTimeout, HttpCode.RequestTimeout)
        .Refuses(StatusCodes.Status409Conflict, FailureCode.IdempotencyConflict)
        .Refuses(StatusCodes.Status413PayloadTooLarge, FailureCode.InputTooLarge)
        .Refuses(StatusCodes.Status415UnsupportedMediaType, HttpCode.ContentTypeUnsupported)
        .Refuses(StatusCodes.Status429TooManyRequests, FailureCode.AdmissionDeferred, HttpCode.SubmissionsBusy)
        .Refuses(StatusCodes.Status503ServiceUnavailable, HttpCode.AdmissionUnanswered, HttpCode.DatabaseUnavailable);
}
