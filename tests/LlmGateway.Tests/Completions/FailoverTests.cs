using Pipeline.LlmGateway.Tests.Fixtures;

namespace Pipeline.LlmGateway.Tests.Completions;

/// <summary>Who answers when the pool that was asked cannot.</summary>
public sealed class FailoverTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task An_outage_is_bridged_by_the_chain_and_the_primary_comes_back_by_one_probe_and_slowly()
    {
        await using var simulator = await SimulatedEndpoint.StartAsync("openai");
        await using var gateway = await GatewayFixture.StartAsync(
            ("OpenAi:BaseUrl", simulator.Url), ("Pools:primary:Model", "primary-model"), ("Pools:primary:Fallback", "second"),
            ("Pools:second:Model", "second-model"), ("AttemptsBeforeFallback", "1"), ("CircuitMinimumCalls", "2"));
        await simulator.BreakAsync(new { kind = "status", status = 503, model = "primary-model" });
        for (var i = 0; i < 5; i++)
        {
            await gateway.SendAsync(gateway.Request("primary"));
            Assert.Equal(("second-model", true), (await gateway.NextReceivedAsync()) is var answer ? (answer.Model, answer.Degraded) : default);
        }

        // Two calls opened the circuit; three requests did not touch the primary.
        Assert.Equal(7, await simulator.LedgerEntriesAsync());

        await simulator.MendAsync();
        gateway.Time.Advance(10 * Second);
        await gateway.SendAsync(gateway.Request("primary"));
        Assert.False((await gateway.NextReceivedAsync()).Degraded);

        // The first second takes two (a tenth of the concurrency), the next four; who does not wait is answered by the second pool.
        Assert.Equal(2, await AnsweredByPrimaryAsync(gateway, 8));
        gateway.Time.Advance(Second);
        Assert.Equal(4, await AnsweredByPrimaryAsync(gateway, 8));
        gateway.Time.Advance(10 * Second);
        Assert.Equal(8, await AnsweredByPrimaryAsync(gateway, 8));
    }

    [Fact]
    public async Task What_is_too_long_is_not_sent_to_a_model_that_cannot_take_it()
    {
        await using var small = await ScriptedProvider.StartAsync(ProviderReply.OpenAi("small"));
        await using var large = await ScriptedProvider.StartAsync(ProviderReply.OpenAi("large"));
        await using var gateway = await GatewayFixture.StartAsync(
            ("Pools:small:BaseUrl", small.Url), ("Pools:small:ContextTokens", "300"), ("Pools:small:Fallback", "large"),
            ("Pools:large:BaseUrl", large.Url), ("Pools:large:ContextTokens", "5000"));

        await gateway.SendAsync(gateway.Request("small") with { SystemPrompt = new string('x', 2000) });

        Assert.Equal("large", (await gateway.NextReceivedAsync()).Text);
        Assert.Equal(0, small.Calls);

        // Too long for all that is known: the provider has the last word.
        await gateway.SendAsync(gateway.Request("small") with { SystemPrompt = new string('x', 40_000) });
        Assert.Equal("small", (await gateway.NextReceivedAsync()).Text);
    }

    private static async Task<int> AnsweredByPrimaryAsync(GatewayFixture gateway, int requests)
    {
        var primary = 0;
        for (var i = 0; i < requests; i++)
        {
            await gateway.SendAsync(gateway.Request("primary"));
            primary += (await gateway.NextReceivedAsync()).Degraded ? 0 : 1;
        }

        return primary;
    }
}
