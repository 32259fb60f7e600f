using Pipeline.LlmGateway.Pools;
using Pipeline.LlmGateway.Providers.Azure;
using Pipeline.LlmGateway.Tests.Fixtures;

namespace Pipeline.LlmGateway.Tests.Providers;

public sealed class AzureProtocolTests
{
    [Theory]
    [InlineData("https://res.openai.azure.com", "https://res.openai.azure.com/openai/deployments/my%20model/chat/completions?api-version=2024-10-21")]
    [InlineData("https://res.openai.azure.com/openai/", "https://res.openai.azure.com/openai/deployments/my%20model/chat/completions?api-version=2024-10-21")]
    [InlineData("https://res.openai.azure.com/openai/v1", "https://res.openai.azure.com/openai/v1/chat/completions")]
    public void The_address_names_the_deployment_and_the_version(string root, string address) =>
        Assert.Equal(address, new AzureProtocol().CompletionAddress(new Uri(root), new PoolOptions { Model = "my model" }).AbsoluteUri);

    [Fact]
    public async Task A_completion_is_asked_of_the_deployment_with_the_key_in_its_own_header()
    {
        await using var provider = await ScriptedProvider.StartAsync(ProviderReply.OpenAi("Hello from Azure"));
        await using var gateway = await GatewayFixture.StartAsync(
            ("Pools:default:Provider", "azure"), ("Pools:default:Model", "gpt-prod"), ("Azure:BaseUrl", provider.Url), ("Azure:ApiKey", GatewayFixture.CanaryKey),
            ("Pools:default:ApiVersion", "2025-01-01-preview"));

        await gateway.SendAsync(gateway.Request());

        Assert.Equal(("Hello from Azure", "azure"), (await gateway.NextReceivedAsync()) is var answer ? (answer.Text, answer.Provider) : default);
        var call = await provider.NextCallAsync();
        Assert.Equal("/openai/deployments/gpt-prod/chat/completions", call.Path);
        Assert.Equal(GatewayFixture.CanaryKey, call.Headers["api-key"]);
        Assert.DoesNotContain("Authorization", call.Headers.Keys);
    }
}
