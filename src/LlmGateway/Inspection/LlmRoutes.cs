using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace Pipeline.LlmGateway.Inspection;

/// <summary>What an operator may see of the gateway: limits, waits and owners now, and what was used. Any replica answers.</summary>
internal static class LlmRoutes
{
    private const string KeyHeader = "X-Api-Key";

    private static readonly TimeSpan LongestSpan = TimeSpan.FromDays(366);

    public static void MapLlm(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/llm").AddEndpointFilter(AuthorizeAsync);
        group.MapGet("", async (GatewayView view, CancellationToken cancellationToken) => await TryAsync(() => view.ReadAsync(cancellationToken)));
        group.MapGet("/usage", UsageAsync);
    }

    private static ValueTask<object?> AuthorizeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var options = context.HttpContext.RequestServices.GetRequiredService<IOptions<InspectionOptions>>().Value;
        if (options.OperatorKey is not { } key)
        {
            return new(Problem(StatusCodes.Status403Forbidden, "operator_key_not_set", "No operator key is set for this service, so nobody may look. Set Llm__OperatorKey and send it as X-Api-Key."));
        }

        return Same(key, context.HttpContext.Request.Headers[KeyHeader].ToString())
            ? next(context)
            : new(Problem(StatusCodes.Status401Unauthorized, "operator_key_wrong", "The header 'X-Api-Key' is missing or is not the operator key. Send the value of Llm__OperatorKey."));
    }

    private static async Task<IResult> UsageAsync(string? by, string? from, string? to, UsageReport report, TimeProvider time, CancellationToken cancellationToken)
    {
        // What was dispatched at this very instant is in.
        var until = time.GetUtcNow().AddMilliseconds(1);
        if (to is not null && !DateTimeOffset.TryParse(to, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal, out until))
        {
            return Problem(StatusCodes.Status400BadRequest, "usage_request_invalid", $"'to' is '{to}'. Send a time such as 2026-11-25T00:00:00Z.");
        }

        var since = until.AddDays(-1);
        if (from is not null && !DateTimeOffset.TryParse(from, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal, out since))
        {
            return Problem(StatusCodes.Status400BadRequest, "usage_request_invalid", $"'from' is '{from}'. Send a time such as 2026-11-24T00:00:00Z.");
        }

        if (since >= until || until - since > LongestSpan)
        {
            return Problem(StatusCodes.Status400BadRequest, "usage_request_invalid", $"From '{since:O}' to '{until:O}' is no span of up to {LongestSpan.TotalDays} days.");
        }

        return UsageReport.Dimensions.Contains(by ?? "tenant")
            ? await TryAsync(() => report.ReadAsync(by ?? "tenant", since.ToUniversalTime(), until.ToUniversalTime(), cancellationToken))
            : Problem(StatusCodes.Status400BadRequest, "usage_request_invalid", $"'by' is '{by}'. Send one of: {string.Join(", ", UsageReport.Dimensions)}.");
    }

    private static async Task<IResult> TryAsync<T>(Func<Task<T>> read)
    {
        try
        {
            return Results.Ok(await read());
        }
        catch (Exception e) when (e is DbException or TimeoutException || e.InnerException is DbException)
        {
            return Problem(StatusCodes.Status503ServiceUnavailable, "database_unavailable", "The gateway's database did not answer. Try again.");
        }
    }

    private static IResult Problem(int status, string code, string reason) => Results.Json(new { code, reason }, statusCode: status);

    private static bool Same(string key, string given) => CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(key)), SHA256.HashData(Encoding.UTF8.GetBytes(given)));
}
