using Anthropic.Exceptions;
using Pipeline.ProviderSimulator.Tests.Protocols;

namespace Pipeline.ProviderSimulator.Tests.Limits;

public sealed class AnthropicLimitTests
{
    private const string Rules = """{ "rules": [ { "name": "wordy", "when": { "firstUser": "wordy" }, "then": { "text": "x", "inputTokens": 3000, "outputTokens": 5000 } } ], "default": { "text": "ok" } }""";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Requests_beyond_the_limit_are_rate_limit_error_with_retry_after()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(Rules, new() { ["Limits:RequestsPerMinute"] = "1" });
        await AskAsync(server, "Hi");
        AnthropicRateLimitException refused = await Assert.ThrowsAsync<AnthropicRateLimitException>(() => AskAsync(server, "Hi"));
        Assert.Contains("\"type\":\"rate_limit_error\"", refused.ResponseBody, StringComparison.Ordinal);
        Assert.Contains("of 1 requests per minute", refused.ResponseBody, StringComparison.Ordinal);
        Assert.Equal("60", server.AnthropicHeaders["retry-after"]);
        Assert.Equal("1", server.AnthropicHeaders["anthropic-ratelimit-requests-limit"]);
        Assert.Equal("0", server.AnthropicHeaders["anthropic-ratelimit-requests-remaining"]);
        Assert.Equal("2026-11-20T12:01:00Z", server.AnthropicHeaders["anthropic-ratelimit-requests-reset"]);
        server.Time.Advance(TimeSpan.FromSeconds(60));
        await AskAsync(server, "Hi");
    }

    [Fact]
    public async Task Input_is_charged_by_estimate_and_corrected_by_the_usage()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(Rules, new() { ["Limits:InputTokensPerMinute"] = "30000" });
        await AskAsync(server, "wordy");
        Assert.Equal("30000", server.AnthropicHeaders["anthropic-ratelimit-input-tokens-limit"]);
        Assert.Equal("27000", server.AnthropicHeaders["anthropic-ratelimit-input-tokens-remaining"]);
        Assert.Equal("27000", server.AnthropicHeaders["anthropic-ratelimit-tokens-remaining"]);
        AnthropicRateLimitException refused = await Assert.ThrowsAsync<AnthropicRateLimitException>(() => AskAsync(server, new string('x', 27_004 * 4)));
        Assert.Contains("of 30,000 input tokens per minute", refused.ResponseBody, StringComparison.Ordinal);
        Assert.Equal("1", server.AnthropicHeaders["retry-after"]);
    }

    [Fact]
    public async Task Output_is_charged_as_produced_whatever_max_tokens_says()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(Rules, new() { ["Limits:OutputTokensPerMinute"] = "4000" });
        await AskAsync(server, "wordy", maxTokens: 1_000_000);
        AnthropicRateLimitException refused = await Assert.ThrowsAsync<AnthropicRateLimitException>(() => AskAsync(server, "Hi"));
        Assert.Contains("of 4,000 output tokens per minute", refused.ResponseBody, StringComparison.Ordinal);

        // 1 000 in debt and 1 needed: 1 001 of 4 000 a minute.
        Assert.Equal("16", server.AnthropicHeaders["retry-after"]);
        server.Time.Advance(TimeSpan.FromSeconds(16));
        await AskAsync(server, "Hi");
    }

    [Fact]
    public async Task A_switch_charges_max_tokens_at_admission()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(Rules, new() { ["Limits:OutputTokensPerMinute"] = "4000", ["AnthropicChargesMaxTokens"] = "true" });
        await Assert.ThrowsAsync<AnthropicRateLimitException>(() => AskAsync(server, "Hi", maxTokens: 4001));
        await AskAsync(server, "Hi", maxTokens: 4000);
        Assert.Equal("4000", server.AnthropicHeaders["anthropic-ratelimit-output-tokens-remaining"]);
    }

    [Fact]
    public async Task A_spend_limit_has_no_retry_after()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(Rules, new() { ["Limits:QuotaExhausted"] = "true" });
        AnthropicRateLimitException refused = await Assert.ThrowsAsync<Anthropic.Models.AnthropicEnforcedSpendLimitReachedException>(() => AskAsync(server, "Hi"));
        Assert.Contains("enforced_spend_limit_reached", refused.ResponseBody, StringComparison.Ordinal);
        Assert.Null(server.AnthropicHeaders["retry-after"]);
    }

    private static Task<Anthropic.Models.Messages.Message> AskAsync(SimulatorServer server, string text, int maxTokens = 100) =>
        server.Anthropic().Messages.Create(AnthropicProtocolTests.Ask(text, maxTokens), Token);
}
