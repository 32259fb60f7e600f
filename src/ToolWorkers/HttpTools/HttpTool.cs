using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Pipeline.Contracts;
using Pipeline.ToolWorkers.Manifests;
using Pipeline.ToolWorkers.Secrets;

namespace Pipeline.ToolWorkers.HttpTools;

/// <summary>
/// A tool that is one HTTP request, as its manifest declares it. What the server refuses (4xx) is told to the model and does not count for
/// the circuit breaker; what fails (5xx, 408, 429, no connection, no time) does.
/// </summary>
internal sealed class HttpTool(ToolManifest manifest, HttpToolDeclaration declaration, GuardedHttpClient http, ToolSecrets secrets, ILogger<HttpTool> logger) : ITool
{
    private const int ExcerptBytes = 1000;

    public string Name => manifest.Name;

    public async Task<ToolOutput> ExecuteAsync(ToolCall call, CancellationToken cancellationToken)
    {
        if (declaration.Url.Fill(call.Arguments, out var problem) is not { } url)
        {
            return ToolOutput.Failed(FailureCode.ArgumentsInvalid, problem ?? "The arguments make no address.");
        }

        using var request = Request(url, call);
        using var response = await SendAsync(request, call, cancellationToken);
        if (response is null)
        {
            return ToolOutput.Failed(FailureCode.ToolNotAllowed, $"The tool '{Name}' may not connect to '{url.Host}': its address is not allowed. An operator must allow it, or correct the tool.");
        }

        var status = (int)response.StatusCode;
        var succeeded = declaration.SuccessStatuses.Count == 0 ? response.IsSuccessStatusCode : declaration.SuccessStatuses.Contains(status);
        if (!succeeded)
        {
            return await FailedAsync(response, status, cancellationToken);
        }

        var (body, isComplete) = await ReadAsync(response, declaration.MaxResponseBytes, cancellationToken);
        return isComplete
            ? Mapped(secrets.Redact(Text(response, body)))
            : ToolOutput.Failed(
                FailureCode.ToolResultTooLarge,
                $"The response of '{Name}' has more than {declaration.MaxResponseBytes} bytes, the limit of http.response.maxBytes; it was not read to its end. Ask for less, e.g. a smaller page or a narrower filter.");
    }

    private HttpRequestMessage Request(Uri url, ToolCall call)
    {
        var request = new HttpRequestMessage(declaration.Method, url);
        if (declaration.Body is { } template)
        {
            request.Content = new StringContent(BodyTemplate.Fill(template, call.Arguments)?.ToJsonString() ?? "null", Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        }

        foreach (var (name, value) in declaration.Headers)
        {
            request.Headers.TryAddWithoutValidation(name, secrets.Resolve(value));
        }

        if (manifest.Effects != ToolEffects.ReadOnly && declaration.IdempotencyHeader is { } header)
        {
            request.Headers.TryAddWithoutValidation(header, call.CallId);
        }

        return request;
    }

    /// <returns>Null where the address is not allowed.</returns>
    private async Task<HttpResponseMessage?> SendAsync(HttpRequestMessage request, ToolCall call, CancellationToken cancellationToken)
    {
        try
        {
            return await http.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (HttpRequestException e) when (e.InnerException is AddressNotAllowedException refused)
        {
            logger.AddressRefused(Name, call.CallId, call.InvocationId, refused.Message);
            return null;
        }
        catch (HttpRequestException e)
        {
            // Not the exception itself: its texts may hold the address with the arguments in it.
            throw new HttpToolFailedException($"The server '{request.RequestUri?.Host}' could not be reached ({e.HttpRequestError}).");
        }
    }

    private async Task<ToolOutput> FailedAsync(HttpResponseMessage response, int status, CancellationToken cancellationToken)
    {
        if (status is >= 300 and <= 399)
        {
            return ToolOutput.Failed(FailureCode.ToolFailed, $"The server answered '{status}', a redirection, which is not followed. The tool's address must be corrected by an operator.");
        }

        var (body, isComplete) = await ReadAsync(response, ExcerptBytes, cancellationToken);
        var excerpt = secrets.Redact(Text(response, body)) + (isComplete ? "" : "…");
        var reason = string.Create(CultureInfo.InvariantCulture, $"The server answered '{status}': {excerpt}");
        // 408 and 429 say nothing of the request: the same call would have done at another time.
        return status is >= 500 or 408 or 429 or < 200
            ? throw new HttpToolFailedException(reason)
            : ToolOutput.Failed(FailureCode.ToolFailed, reason);
    }

    private ToolOutput Mapped(string text)
    {
        if (declaration.AsText && declaration.Select.Length == 0)
        {
            return new ToolOutput(text);
        }

        if (text.Length == 0)
        {
            return ToolOutput.Json(new { status = "done" });
        }

        try
        {
            using var document = JsonDocument.Parse(text);
            if (!JsonPointer.TryFind(document.RootElement, declaration.Select, out var found))
            {
                return ToolOutput.Failed(FailureCode.ToolFailed, $"The server's response has nothing at '{declaration.Select}'. Try other arguments; if it stays so, the tool's manifest must be corrected.");
            }

            return new ToolOutput(declaration.AsText && found.ValueKind == JsonValueKind.String ? found.GetString() ?? "" : found.GetRawText());
        }
        catch (JsonException)
        {
            throw new HttpToolFailedException($"The server '{declaration.Url.Origin.Host}' answered with something that is not JSON: '{Head(text)}'.");
        }
    }

    /// <summary>Reads up to the limit, and not a byte beyond the one that shows there is more: a bomb is never unpacked.</summary>
    private async Task<(ReadOnlyMemory<byte> Body, bool IsComplete)> ReadAsync(HttpResponseMessage response, int limit, CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            using var body = new MemoryStream();
            var buffer = new byte[16 * 1024];
            while (body.Length <= limit)
            {
                var read = await stream.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, limit + 1 - body.Length)), cancellationToken);
                if (read == 0)
                {
                    return (body.ToArray(), true);
                }

                body.Write(buffer, 0, read);
            }

            return (body.ToArray().AsMemory(0, limit), false);
        }
        catch (Exception e) when (e is IOException or HttpRequestException or InvalidDataException)
        {
            throw new HttpToolFailedException($"The response of '{declaration.Url.Origin.Host}' broke off: {e.GetType().Name}.");
        }
    }

    private static string Text(HttpResponseMessage response, ReadOnlyMemory<byte> body)
    {
        var encoding = Encoding.UTF8;
        if (response.Content.Headers.ContentType?.CharSet is { Length: > 0 } charset)
        {
            try
            {
                encoding = Encoding.GetEncoding(charset.Trim('"'));
            }
            catch (ArgumentException)
            {
                // A name that nobody knows: the bytes are most likely UTF-8 all the same.
            }
        }

        return encoding.GetString(body.Span);
    }

    private static string Head(string text) => text.Length <= 200 ? text : string.Concat(text.AsSpan(0, 200), "…");
}
