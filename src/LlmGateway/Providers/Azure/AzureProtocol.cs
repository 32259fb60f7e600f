using System.Net.Http.Headers;
using System.Text.Json;
using Pipeline.Contracts.Completions;
using Pipeline.LlmGateway.Pools;
using Pipeline.LlmGateway.Providers.OpenAi;
using Pipeline.LlmGateway.RateLimits;

namespace Pipeline.LlmGateway.Providers.Azure;

/// <summary>Azure OpenAI: OpenAI's bodies, sent to a deployment, with a key header, charges and refusals of its own.</summary>
internal sealed class AzureProtocol : IModelProtocol
{
    private readonly OpenAiProtocol _openAi = new();

    public string Name => "azure";

    public string SectionName => nameof(LlmOptions.Azure);

    public string KeyVariable => "AZURE_OPENAI_API_KEY";

    /// <summary>None: every customer has a host of its own.</summary>
    public string? PublicBaseUrl => null;

    public string BaseUrlExample => "https://my-resource.openai.azure.com";

    public ChargeModel Charges => ChargeModel.PromptPlusMaxTokens;

    public VendorOptions VendorOf(LlmOptions options) => options.Azure;

    /// <summary>The deployment is in the path and the version in the query; a root that ends with <c>/v1</c> is the newer address without either.</summary>
    public Uri CompletionAddress(Uri baseUrl, PoolOptions pool)
    {
        var root = baseUrl.AbsoluteUri.TrimEnd('/');
        if (root.EndsWith("/v1", StringComparison.Ordinal))
        {
            return new Uri($"{root}/chat/completions");
        }

        var prefix = root.EndsWith("/openai", StringComparison.Ordinal) ? root : $"{root}/openai";
        return new Uri($"{prefix}/deployments/{Uri.EscapeDataString(pool.Model)}/chat/completions?api-version={Uri.EscapeDataString(pool.ApiVersion)}");
    }

    public void Authorize(HttpRequestHeaders headers, string apiKey) => headers.Add("api-key", apiKey);

    public void WriteRequest(Utf8JsonWriter json, string model, RequestCompletion request) => _openAi.WriteRequest(json, model, request);

    public ModelAnswer ReadAnswer(JsonElement root) => _openAi.ReadAnswer(root);

    public TokenUsage? ReadUsage(JsonElement root) => _openAi.ReadUsage(root);

    public RateLimitHeaders? ReadLimits(HttpResponseHeaders headers, ProviderError? error, DateTimeOffset now) => OpenAiLimits.Read(headers, error);

    public ModelFailureKind Classify(ProviderError error) => _openAi.Classify(error);
}
