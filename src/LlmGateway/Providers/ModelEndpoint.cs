using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Pipeline.Contracts.Completions;
using Pipeline.LlmGateway.Completions;
using Pipeline.LlmGateway.Keys;
using Pipeline.LlmGateway.Pools;
using Pipeline.LlmGateway.RateLimits;

namespace Pipeline.LlmGateway.Providers;

/// <summary>
/// One call to one provider endpoint: no retries, no waiting. Whatever comes back, or does not, becomes a <see cref="ModelOutcome"/>;
/// the only exception that leaves is the cancellation of the caller's token.
/// </summary>
internal sealed class ModelEndpoint : IDisposable
{
    // Text goes into a JSON body, never into HTML: escaping less keeps bodies small.
    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly IModelProtocol _protocol;
    private readonly string _pool;
    private readonly string _model;
    private readonly Uri _address;
    private readonly TimeSpan _timeout;
    private readonly TimeProvider _time;
    private readonly CompletionMetrics _metrics;
    private readonly HttpClient _client;

    public ModelEndpoint(string pool, PoolOptions options, int largestAnswerBytes, TimeProvider time, CompletionMetrics metrics)
    {
        _protocol = ModelProtocols.Find(options.Provider) ?? throw new ArgumentException($"Provider '{options.Provider}' is not known.", nameof(options));
        _pool = pool;
        _model = options.Model;
        _address = _protocol.CompletionAddress(new Uri(options.BaseUrl!), options);
        _timeout = options.Timeout;
        _time = time;
        _metrics = metrics;
        var connections = new SocketsHttpHandler
        {
            // A redirect would carry the key to another host.
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.All,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            MaxConnectionsPerServer = options.Concurrency,
        };
        _client = new HttpClient(connections) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = largestAnswerBytes };
    }

    public string Provider => _protocol.Name;

    /// <summary>What a call takes, as the vendor documents it.</summary>
    public ChargeModel Charges => _protocol.Charges;

    /// <param name="request">What to ask.</param>
    /// <param name="key">The key to ask with.</param>
    /// <param name="cancellationToken">Gives the call up; the provider may bill it all the same.</param>
    public async Task<ModelOutcome> CompleteAsync(RequestCompletion request, ApiKey key, CancellationToken cancellationToken)
    {
        using var span = _metrics.StartChat(_protocol.Name, _model, _pool, key.Alias, _address, request);
        var started = _time.GetTimestamp();
        ModelOutcome outcome;
        using var timeout = new CancellationTokenSource(_timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            outcome = await SendAsync(request, key, either.Token);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            var given = new ModelFailure(ModelFailureKind.DeadlineExceeded, "Given up: the request's deadline passed, or the service stops.");
            _metrics.ChatEnded(span, given, _protocol.Name, _model, _pool, _address, _time.GetElapsedTime(started));
            throw;
        }
        catch (OperationCanceledException)
        {
            outcome = new ModelFailure(ModelFailureKind.Unavailable, $"'{_address.Host}' did not answer within {_timeout.TotalSeconds:0.#} s.");
        }
        catch (HttpRequestException failure) when (failure.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
        {
            outcome = new ModelFailure(
                ModelFailureKind.AnswerInvalid, $"The answer of '{_address.Host}' is larger than the limit of {_client.MaxResponseContentBufferSize} bytes.");
        }
        catch (HttpRequestException failure) when (failure.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
            or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError)
        {
            outcome = new ModelFailure(ModelFailureKind.Unreachable, $"'{_address.Host}' could not be reached: {failure.HttpRequestError}.");
        }
        catch (HttpRequestException failure)
        {
            outcome = new ModelFailure(ModelFailureKind.Unavailable, $"'{_address.Host}' broke off: {failure.HttpRequestError}. It may have answered and billed.");
        }

        _metrics.ChatEnded(span, outcome, _protocol.Name, _model, _pool, _address, _time.GetElapsedTime(started));
        return outcome;
    }

    public void Dispose() => _client.Dispose();

    private async Task<ModelOutcome> SendAsync(RequestCompletion request, ApiKey key, CancellationToken cancellationToken)
    {
        using var message = Compose(request, key);
        using var response = await _client.SendAsync(message, cancellationToken);
        var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        return response.IsSuccessStatusCode ? ReadAnswer(response, body, key) : ReadError(response, body, key);
    }

    private HttpRequestMessage Compose(RequestCompletion request, ApiKey key)
    {
        var body = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(body, Json))
        {
            _protocol.WriteRequest(json, _model, request);
        }

        var message = new HttpRequestMessage(HttpMethod.Post, _address) { Content = new ReadOnlyMemoryContent(body.WrittenMemory) };
        message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        _protocol.Authorize(message.Headers, key.Reveal());

        // So that a ledger on the provider's side can attribute the call, and tell a repeated one from a second one.
        message.Headers.Add("X-Invocation-Id", request.InvocationId.ToString());
        message.Headers.Add("Idempotency-Key", $"{request.InvocationId}-{request.Turn}");
        return message;
    }

    private ModelOutcome ReadAnswer(HttpResponseMessage response, byte[] body, ApiKey key)
    {
        var limits = _protocol.ReadLimits(response.Headers, null, _time.GetUtcNow());
        TokenUsage? billed = null;
        try
        {
            using var document = JsonDocument.Parse(body);
            billed = _protocol.ReadUsage(document.RootElement);
            return _protocol.ReadAnswer(document.RootElement).At(limits);
        }

        // InvalidOperationException: a text with half a surrogate pair.
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            return new ModelFailure(
                ModelFailureKind.AnswerInvalid,
                KeyRedaction.Redact($"The answer of '{_address.Host}' is not of the documented shape: {failure.Message}", key))
            {
                Status = 200,
                Headers = limits,
                Usage = billed,
            };
        }
    }

    private ModelFailure ReadError(HttpResponseMessage response, byte[] body, ApiKey key)
    {
        var error = ProviderError.Read((int)response.StatusCode, body);
        var kind = _protocol.Classify(error);
        var code = error.Code ?? error.Type;
        var reason = $"'{_address.Host}' answered {error.Status}{(code is null ? "" : $" '{code}'")}{(error.Message is null ? "" : $": {error.Message}")}";
        var now = _time.GetUtcNow();
        return new ModelFailure(kind, KeyRedaction.Redact(reason, key))
        {
            Status = error.Status,
            RetryAfter = RetryAfter.Read(response.Headers, now),
            Headers = _protocol.ReadLimits(response.Headers, error, now),
        };
    }
}
