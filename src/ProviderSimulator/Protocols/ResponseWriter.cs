using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Pipeline.ProviderSimulator.Limits;

namespace Pipeline.ProviderSimulator.Protocols;

/// <summary>Writes headers, bodies and events; the headers as true or as wrong as the settings of the moment say.</summary>
internal sealed class ResponseWriter(IOptions<ProviderSimulatorOptions> options, TimeProvider time)
{
    private static readonly JsonWriterOptions JsonOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private readonly ProviderSimulatorOptions _options = options.Value;
    private volatile HeaderOptions _headers = options.Value.Headers;

    /// <summary>Can be exchanged while calls are served.</summary>
    public HeaderOptions Headers
    {
        get => _headers;
        set => _headers = value;
    }

    public void WriteLimitHeaders(HttpContext context, IProviderProtocol protocol, Call call)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers[protocol.Name == "anthropic" ? "anthropic-organization-id" : "openai-organization"] = call.Organisation;
        HeaderOptions settings = _headers;
        if (!_options.SendRateLimitHeaders || settings.RateLimits == HeaderForm.Missing || call is not { Limiter: { } limiter, Scope: { } scope })
        {
            return;
        }

        LimitLevels levels = limiter.Levels(scope, TimeSpan.FromSeconds(settings.DelaySeconds));
        protocol.WriteLimitHeaders(
            headers,
            new LimitLevels(
                Shown(levels.Requests, settings, 10), Shown(levels.Tokens, settings, 1000), Shown(levels.InputTokens, settings, 1000), Shown(levels.OutputTokens, settings, 1000),
                Shown(levels.ProjectTokens, settings, 1000)),
            time.GetUtcNow());
        string? instead = settings.RateLimits switch
        {
            HeaderForm.MinusOne => "-1",
            HeaderForm.Zero => "0",
            HeaderForm.Garbage => "soon",
            _ => null,
        };
        foreach (string name in instead is null ? [] : headers.Keys.Where(x => x.Contains("-remaining", StringComparison.Ordinal)).ToArray())
        {
            headers[name] = instead;
        }
    }

    public async Task WriteProblemAsync(HttpContext context, IProviderProtocol protocol, Call call, ProviderProblem problem)
    {
        HttpResponse response = context.Response;
        response.StatusCode = problem.Status;
        if (call.Limiter is not null)
        {
            WriteLimitHeaders(context, protocol, call);
        }

        if (problem.RetryAfter is { } retryAfter && _options.SendRetryAfter)
        {
            WriteRetryHeaders(response.Headers, protocol, retryAfter * _headers.RetryAfterFactor);
        }

        await WriteJsonAsync(response, json => protocol.WriteProblem(json, call, problem), context.RequestAborted);
    }

    public static async Task WriteJsonAsync(HttpResponse response, Action<Utf8JsonWriter> write, CancellationToken cancellationToken)
    {
        response.ContentType = "application/json";
        var json = new Utf8JsonWriter(response.BodyWriter, JsonOptions);
        write(json);
        json.Flush();
        await response.BodyWriter.FlushAsync(cancellationToken);
    }

    public static async Task WriteEventAsync(HttpResponse response, StreamEvent next, CancellationToken cancellationToken)
    {
        if (next.Name is { } name)
        {
            Write("event: ");
            Write(name);
            Write("\n");
        }

        Write("data: ");
        if (next.Write is { } write)
        {
            using var json = new Utf8JsonWriter(response.BodyWriter, JsonOptions);
            write(json);
            json.Flush();
        }
        else
        {
            Write("[DONE]");
        }

        Write("\n\n");
        await response.BodyWriter.FlushAsync(cancellationToken);

        void Write(string text) => Encoding.UTF8.GetBytes(text, response.BodyWriter);
    }

    private void WriteRetryHeaders(IHeaderDictionary headers, IProviderProtocol protocol, TimeSpan wait)
    {
        switch (_headers.RetryAfter)
        {
            case RetryAfterForm.None:
                break;
            case RetryAfterForm.Seconds:
                headers["retry-after"] = Math.Max(1, Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
                break;
            case RetryAfterForm.Milliseconds:
                headers["retry-after-ms"] = Math.Ceiling(wait.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
                break;
            case RetryAfterForm.Date:
                // A date has whole seconds: rounded up, or the caller would come too early.
                headers["retry-after"] = time.GetUtcNow().Add(wait).AddSeconds(1).AddTicks(-1).ToString("R", CultureInfo.InvariantCulture);
                break;
            default:
                protocol.WriteRetryHeaders(headers, wait);
                break;
        }
    }

    private static BucketLevel Shown(in BucketLevel level, HeaderOptions settings, int unit)
    {
        double remaining = level.Remaining * settings.RemainingFactor;
        return level with { Remaining = settings.RateLimits == HeaderForm.Rounded ? Math.Round(remaining / unit, MidpointRounding.AwayFromZero) * unit : remaining };
    }
}
