using Pipeline.LlmGateway.Providers.Anthropic;
using Pipeline.LlmGateway.Providers.Azure;
using Pipeline.LlmGateway.Providers.OpenAi;

namespace Pipeline.LlmGateway.Providers;

/// <summary>The vendors that can be configured.</summary>
internal static class ModelProtocols
{
    private static readonly IModelProtocol[] All = [new OpenAiProtocol(), new AnthropicProtocol(), new AzureProtocol()];

    public static string Names => string.Join(", ", All.Select(x => x.Name));

    public static IModelProtocol? Find(string name) => Array.Find(All, x => string.Equals(x.Name, name, StringComparison.OrdinalIgnoreCase));
}
