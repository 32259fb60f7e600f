using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Orchestrator.Http;

/// <summary>A refusal as RFC 9457 has it, <c>application/problem+json</c>.</summary>
internal sealed class Problem : IResult, IStatusCodeHttpResult
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly ProblemBody _body;

    private Problem(ProblemBody body) => _body = body;

    public int? StatusCode => _body.Status;

    public string Code => _body.Code;

    /// <param name="status">The HTTP status.</param>
    /// <param name="code">One of <see cref="Contracts.FailureCode"/> or <see cref="HttpCode"/>.</param>
    /// <param name="detail">What happened, the value in quotes, what to do.</param>
    /// <param name="retryAfterSeconds">Also sent as <c>Retry-After</c>.</param>
    /// <param name="invocationId">The invocation it is about, where known.</param>
    public static Problem Of(int status, string code, string detail, int? retryAfterSeconds = null, Guid? invocationId = null) =>
        new(new ProblemBody(code, status, detail, code, invocationId, retryAfterSeconds));

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = _body.Status;
        if (_body.RetryAfterSeconds is { } seconds)
        {
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        return response.WriteAsJsonAsync(_body, Json, "application/problem+json", httpContext.RequestAborted);
    }
}
