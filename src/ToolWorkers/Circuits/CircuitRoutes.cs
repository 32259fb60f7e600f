using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Pipeline.ToolWorkers.Calls;

namespace Pipeline.ToolWorkers.Circuits;

/// <summary>Circuits over HTTP: everybody on the network may look, an operator may isolate and close.</summary>
internal static class CircuitRoutes
{
    private const string KeyHeader = "X-Api-Key";

    public static void MapCircuits(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/tools", List);
        routes.MapPost("/tools/{tool}/circuit", ChangeAsync);
    }

    private static IEnumerable<object> List(ToolCircuits circuits, WorkerInstance instance) => circuits.All.Select(x =>
    {
        var view = x.View;
        return (object)new
        {
            name = x.Tool.Name,
            effects = x.Tool.Manifest.Effects.ToString(),
            breaker = CircuitStateName.Of(view.State),
            since = view.Since,
            retryAt = view.RetryAt,
            breaks = view.Breaks,
            reason = view.Reason,
            abandoned = x.Abandoned.Count,
            instance = instance.Name,
        };
    });

    private static async Task<IResult> ChangeAsync(
        string tool,
        CircuitRequest request,
        HttpRequest http,
        ToolCircuits circuits,
        CircuitFleet fleet,
        IOptions<ToolsOptions> options,
        ILogger<ToolCircuit> logger,
        CancellationToken cancellationToken)
    {
        if (options.Value.OperatorKey is not { } key)
        {
            return Problem(StatusCodes.Status403Forbidden, "operator_key_not_set", "No operator key is set for this service, so nobody may change a circuit. Set Tools__OperatorKey and send it as X-Api-Key.");
        }

        if (!Same(key, http.Headers[KeyHeader].ToString()))
        {
            return Problem(StatusCodes.Status401Unauthorized, "operator_key_wrong", "The header 'X-Api-Key' is missing or is not the operator key. Send the value of Tools__OperatorKey.");
        }

        if (circuits.Find(tool) is not { } circuit)
        {
            return Problem(StatusCodes.Status404NotFound, "tool_unknown", $"This process serves no tool '{tool}'. GET /tools lists what it serves.");
        }

        CircuitState? state = request.Action switch { "isolate" => CircuitState.Isolated, "close" => CircuitState.Closed, _ => null };
        if (state is not { } wanted || request.Reason is { Length: > CircuitRecord.MaxReasonLength })
        {
            return Problem(
                StatusCodes.Status400BadRequest,
                "circuit_request_invalid",
                $"The action is '{request.Action}'. Send {{\"action\": \"isolate\"}} or {{\"action\": \"close\"}}, with a \"reason\" of up to {CircuitRecord.MaxReasonLength} characters.");
        }

        try
        {
            var record = await fleet.ForceAsync(circuit, wanted, request.Reason ?? "By an operator.", cancellationToken);
            logger.OperatorChanged(tool, CircuitStateName.Of(wanted), request.Reason);
            return Results.Ok(new { name = tool, breaker = CircuitStateName.Of(record.State), since = record.Since, reason = record.Reason });
        }
        catch (Exception e) when (CircuitStore.IsUnavailable(e) && !cancellationToken.IsCancellationRequested)
        {
            logger.CircuitStoreUnavailable(e, tool, CircuitStateName.Of(wanted));
            return Problem(StatusCodes.Status503ServiceUnavailable, "database_unavailable", $"The database that the worker processes agree by did not answer within {options.Value.CircuitStoreTimeout}; nothing was changed. Try again.");
        }
    }

    private static IResult Problem(int status, string code, string reason) => Results.Json(new { code, reason }, statusCode: status);

    private static bool Same(string key, string given) => CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(key)), SHA256.HashData(Encoding.UTF8.GetBytes(given)));
}
