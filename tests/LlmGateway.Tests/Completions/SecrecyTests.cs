using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Pipeline.LlmGateway.Completions;
using Pipeline.LlmGateway.Pools;
using Pipeline.LlmGateway.Tests.Fixtures;

namespace Pipeline.LlmGateway.Tests.Completions;

public sealed class SecrecyTests
{
    [Fact]
    public async Task The_key_appears_in_no_log_no_answer_and_no_span()
    {
        var spans = new ConcurrentQueue<string>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == CompletionMetrics.SourceName,
            Sample = (ref _) => ActivitySamplingResult.AllData,
            ActivityStopped = x => spans.Enqueue($"{x.DisplayName} {x.StatusDescription} {string.Join(' ', x.TagObjects.Select(t => $"{t.Key}={t.Value}"))}"),
        };
        ActivitySource.AddActivityListener(listener);

        // Providers that quote the key, in an error and in an answer that is not of the documented shape.
        var quoting = $$$"""{"error":{"message":"Incorrect API key provided: {{{GatewayFixture.CanaryKey}}} (sk-proj-abc*****xyz).","code":"invalid_api_key"}}""";
        await using var provider = await ScriptedProvider.StartAsync(
            new ProviderReply(401, quoting),
            new ProviderReply(400, quoting),
            new ProviderReply(200, $$$"""{"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":"{{{GatewayFixture.CanaryKey}}}"}}"""),
            ProviderReply.OpenAi());
        await using var gateway = await GatewayFixture.StartAsync(("OpenAi:BaseUrl", provider.Url));
        var answers = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            await gateway.SendAsync(gateway.Request());
            answers.Add((await gateway.NextFailedAsync()).ToString());
        }

        await gateway.SendAsync(gateway.Request());
        answers.Add((await gateway.NextReceivedAsync()).ToString());

        var options = gateway.Services.GetRequiredService<IOptions<LlmOptions>>().Value;
        var pools = gateway.Services.GetRequiredService<ModelPoolCatalog>();
        string[] texts = [.. gateway.Logs.Lines, .. answers, .. spans, $"{options} {options.OpenAi} {options.Pools["default"]} {pools.Find("default")}"];
        Assert.NotEmpty(spans);
        Assert.All(texts, x =>
        {
            Assert.DoesNotContain(GatewayFixture.CanaryKey, x, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("sk-proj", x, StringComparison.OrdinalIgnoreCase);
        });
    }
}
