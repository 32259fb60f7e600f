using System.Net;
using System.Text;
using System.Text.Json;

namespace Pipeline.Cli.Api;

/// <summary>The orchestrator's HTTP API. What it refuses becomes a failure of the command, with the code and the words of the answer.</summary>
internal sealed class PipelineApi : IDisposable
{
    private readonly HttpClient _http;

    public PipelineApi(Uri address, string? key)
    {
        // The whole command has a limit; streams have no other.
        _http = new HttpClient { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan };
        if (key is not null && !_http.DefaultRequestHeaders.TryAddWithoutValidation("X-Api-Key", key))
        {
            throw new CommandFailedException(ExitCode.Usage, "The API key has characters that no HTTP header may have. Look at PIPELINE_API_KEY or the key file.");
        }
    }

    public async Task<JsonElement> GetAsync(string path, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(new HttpRequestMessage(HttpMethod.Get, path), cancellationToken);
        await EnsureAsync(answer, cancellationToken);
        return await JsonAsync(answer, cancellationToken);
    }

    public async Task<byte[]> GetBytesAsync(string path, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(new HttpRequestMessage(HttpMethod.Get, path), cancellationToken);
        await EnsureAsync(answer, cancellationToken);
        return await answer.Content.ReadAsByteArrayAsync(cancellationToken);
    }

    public async Task<JsonElement> SendAsync(HttpMethod method, string path, string? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };
        using var answer = await SendAsync(request, cancellationToken);
        await EnsureAsync(answer, cancellationToken);
        return answer.Content.Headers.ContentLength == 0 ? default : await JsonAsync(answer, cancellationToken);
    }

    /// <summary>The answer as it is, whatever its status.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            throw new CommandFailedException(ExitCode.Unreachable, $"No orchestrator answers at '{_http.BaseAddress}': {e.InnerException?.Message ?? e.Message}. Is it running, and is --url right?");
        }
    }

    public static async Task EnsureAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        if (!answer.IsSuccessStatusCode)
        {
            throw await FailureAsync(answer, cancellationToken);
        }
    }

    public static async Task<CommandFailedException> FailureAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        var (code, detail) = Problem(await answer.Content.ReadAsStringAsync(cancellationToken));
        var exitCode = answer.StatusCode switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => ExitCode.Unreachable,
            HttpStatusCode.NotFound => ExitCode.NotFound,
            HttpStatusCode.TooManyRequests => ExitCode.Deferred,
            >= HttpStatusCode.InternalServerError => ExitCode.Unreachable,
            _ => ExitCode.Usage,
        };
        return new CommandFailedException(exitCode, $"{code ?? $"HTTP {(int)answer.StatusCode}"}: {detail ?? answer.ReasonPhrase}");
    }

    /// <summary>Seconds that the answer asks to wait: a date counts from now, and none is a second.</summary>
    public static TimeSpan RetryAfter(HttpResponseMessage answer, TimeProvider time) => answer.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } when date > time.GetUtcNow() => date - time.GetUtcNow(),
        _ => TimeSpan.FromSeconds(1),
    };

    public static (string? Code, string? Detail) Problem(string body)
    {
        try
        {
            using var problem = JsonDocument.Parse(body);
            return (Text(problem.RootElement, "code") ?? Text(problem.RootElement, "title"), Text(problem.RootElement, "detail") ?? Text(problem.RootElement, "reason"));
        }
        catch (JsonException)
        {
            return (null, body.Length is 0 or > 500 ? null : body);
        }
    }

    public static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value)
            ? value.ValueKind == JsonValueKind.String ? value.GetString() : value.ValueKind == JsonValueKind.Null ? null : value.GetRawText()
            : null;

    public void Dispose() => _http.Dispose();

    private static async Task<JsonElement> JsonAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = await answer.Content.ReadAsStreamAsync(cancellationToken);
            return await JsonSerializer.DeserializeAsync(stream, CliJson.Default.JsonElement, cancellationToken);
        }
        catch (Exception e) when (e is JsonException or HttpRequestException or IOException)
        {
            throw new CommandFailedException(ExitCode.Unreachable, $"The answer of '{answer.RequestMessage?.RequestUri}' is not JSON or was cut off: {e.Message}. Is --url an orchestrator's?");
        }
    }
}
