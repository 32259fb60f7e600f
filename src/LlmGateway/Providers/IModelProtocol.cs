using System.Net.Http.Headers;
using System.Text.Json;
using Pipeline.Contracts.Completions;
using Pipeline.LlmGateway.Pools;
using Pipeline.LlmGateway.RateLimits;

namespace Pipeline.LlmGateway.Providers;

/// <summary>How one vendor is spoken to. Stateless; to add a vendor, add one and name it in <see cref="ModelProtocols"/>.</summary>
internal interface IModelProtocol
{
    /// <summary>The name in configuration, telemetry and answers.</summary>
    string Name { get; }

    /// <summary>The vendor's section under <c>Llm</c>.</summary>
    string SectionName { get; }

    /// <summary>The environment variable in which the vendor's own tools look for the key.</summary>
    string KeyVariable { get; }

    /// <summary>The vendor's public address; null where every customer has its own.</summary>
    string? PublicBaseUrl { get; }

    /// <summary>What a base address looks like, for messages.</summary>
    string BaseUrlExample { get; }

    /// <summary>What a call takes from the vendor's token limits, as the vendor documents it.</summary>
    ChargeModel Charges { get; }

    VendorOptions VendorOf(LlmOptions options);

    /// <summary>Where a completion is requested, given the root that the vendor's own SDK would be given.</summary>
    Uri CompletionAddress(Uri baseUrl, PoolOptions pool);

    void Authorize(HttpRequestHeaders headers, string apiKey);

    void WriteRequest(Utf8JsonWriter json, string model, RequestCompletion request);

    /// <exception cref="JsonException">The answer is not of the documented shape; the message says where.</exception>
    ModelAnswer ReadAnswer(JsonElement root);

    /// <summary>What was billed according to an answer that is otherwise not of the documented shape; null where it does not say.</summary>
    TokenUsage? ReadUsage(JsonElement root);

    /// <summary>What the vendor says of its limits.</summary>
    /// <param name="headers">Of an answer or of an error.</param>
    /// <param name="error">The error; some are only told in its text.</param>
    /// <param name="now">To turn times of day into durations.</param>
    RateLimitHeaders? ReadLimits(HttpResponseHeaders headers, ProviderError? error, DateTimeOffset now);

    ModelFailureKind Classify(ProviderError error);
}
