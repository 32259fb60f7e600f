using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Pipeline.Contracts;
using Pipeline.Orchestrator.Persistence;

namespace Pipeline.Orchestrator.Http;

/// <summary>
/// Outermost: whatever goes wrong, and whatever is answered without a body, becomes a <see cref="Problem"/> with a name. As a start-up filter,
/// because the keys are looked up before any other middleware of ours.
/// </summary>
internal sealed class ProblemResponses(ILogger<ProblemResponses> logger) : IStartupFilter
{
    private const int RetrySeconds = 5;

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(AnswerAsync);
        next(app);
    };

    private async Task AnswerAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
            if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentType: null, ContentLength: null or 0 } && context.Features.Get<IStatusCodePagesFeature>() is not { Enabled: false })
            {
                await WriteAsync(context, Named(context, context.Response.StatusCode, null));
            }
        }
        catch (BadHttpRequestException e)
        {
            await WriteAsync(context, Named(context, e.StatusCode, e.Message));
        }
#pragma warning disable CA1031 // Databases have their own exceptions for what was cancelled.
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
#pragma warning restore CA1031
        {
            // Nobody is there to be answered.
            context.Abort();
        }
        catch (Exception e) when (DatabaseFailure.Is(e))
        {
            logger.DatabaseUnavailable(context.Request.Method, context.Request.Path, e);
            await WriteAsync(context, Problem.Of(StatusCodes.Status503ServiceUnavailable, HttpCode.DatabaseUnavailable, "The database did not answer. Try again.", RetrySeconds));
        }
#pragma warning disable CA1031 // The last one to catch it: the caller gets a name, the log the exception.
        catch (Exception e)
#pragma warning restore CA1031
        {
            logger.RequestFailed(context.Request.Method, context.Request.Path, context.TraceIdentifier, e);
            await WriteAsync(context, Problem.Of(StatusCodes.Status500InternalServerError, HttpCode.InternalError, $"The request failed by a defect of this service; its log has it under '{context.TraceIdentifier}'."));
        }
    }

    private static async Task WriteAsync(HttpContext context, Problem problem)
    {
        if (context.Response.HasStarted)
        {
            // Half an answer was sent: a cut connection is the only way left to say that it is not a whole one.
            context.Abort();
            return;
        }

        var allow = context.Response.Headers.Allow;
        context.Response.Clear();
        context.Response.Headers.Allow = allow;
        await problem.ExecuteAsync(context);
    }

    private static Problem Named(HttpContext context, int status, string? reason) => status switch
    {
        StatusCodes.Status404NotFound => Problem.Of(status, HttpCode.RouteUnknown, $"There is no '{Shortened(context.Request.Path)}'. /openapi/v1.json lists what there is."),
        StatusCodes.Status405MethodNotAllowed => Problem.Of(status, HttpCode.MethodNotAllowed, $"'{Shortened(context.Request.Path)}' does not take '{context.Request.Method}', only '{context.Response.Headers.Allow}'."),
        StatusCodes.Status408RequestTimeout => Problem.Of(status, HttpCode.RequestTimeout, "The body did not arrive in time. Send it again, faster."),
        StatusCodes.Status413PayloadTooLarge => Problem.Of(status, FailureCode.InputTooLarge, $"The body is larger than '{context.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize}' bytes. Send a reference to large input instead of the input."),
        StatusCodes.Status415UnsupportedMediaType => Problem.Of(status, HttpCode.ContentTypeUnsupported, $"The content type is '{Shortened(context.Request.ContentType)}'. Send JSON as 'application/json'."),
        _ => Problem.Of(status, HttpCode.RequestMalformed, $"The request to '{Shortened(context.Request.Path)}' is not understood. {reason ?? "/openapi/v1.json says what it takes."}"),
    };

    private static string? Shortened(string? text) => text is { Length: > 200 } ? text[..(char.IsHighSurrogate(text[199]) ? 199 : 200)] + "…" : text;
}
