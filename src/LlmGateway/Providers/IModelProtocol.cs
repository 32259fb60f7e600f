using System.Net.Http.Headers;
using System.Text.Json;
using Pipeline.Contracts.Completions;
using Pipeline.LlmGateway.Pools;

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

    string PublicBaseUrl { get; }

    /// <summary>
    /// True where the vendor's token limit takes max(prompt, requested output) when a request arrives and gives nothing back;
    /// false where it takes the prompt, then the output as it is produced.
    /// </summary>
    bool ChargesAtAdmission { get; }

    VendorOptions VendorOf(LlmOptions options);

    /// <summary>Where a completion is requested, given the root that the vendor's own SDK would be given.</summary>
    Uri CompletionAddress(Uri baseUrl);

    void Authorize(HttpRequestHeaders headers, string apiKey);

    void WriteRequest(Utf8JsonWriter json, string model, RequestCompletion request);

    /// <exception cref="JsonException">The answer is not of the documented shape; the message says where.</exception>
    ModelAnswer ReadAnswer(JsonElement root);

    ModelFailureKind Classify(ProviderError error);
}
