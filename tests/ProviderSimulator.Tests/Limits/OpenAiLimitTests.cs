using System.ClientModel;
using System.ClientModel.Primitives;
using OpenAI.Chat;
using Pipeline.ProviderSimulator.Tests.Protocols;

namespace Pipeline.ProviderSimulator.Tests.Limits;

public sealed class OpenAiLimitTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Requests_beyond_the_limit_are_429_until_the_bucket_refills()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(settings: new() { ["Limits:RequestsPerMinute"] = "2" });
        PipelineResponse first = await AskAsync(server);
        Assert.Equal("2", Header(first, "x-ratelimit-limit-requests"));
        Assert.Equal("1", Header(first, "x-ratelimit-remaining-requests"));
        Assert.Equal("30s", Header(first, "x-ratelimit-reset-requests"));
        await AskAsync(server);

        ClientResultException refused = await Assert.ThrowsAsync<ClientResultException>(() => AskAsync(server));
        PipelineResponse response = refused.GetRawResponse()!;
        Assert.Equal(429, refused.Status);
        Assert.Contains("requests: rate_limit_exceeded", refused.Message, StringComparison.Ordinal);
        Assert.Contains(
            "Rate limit reached for gpt-4.1-mini in organization org-simulator on requests per min (RPM): Limit 2, Used 2, Requested 1. Please try again in 30s.",
            response.Content.ToString(), StringComparison.Ordinal);
        Assert.Equal("30", Header(response, "retry-after"));
        Assert.Equal("30000", Header(response, "retry-after-ms"));
        Assert.Equal("0", Header(response, "x-ratelimit-remaining-requests"));
        Assert.Equal("1m0s", Header(response, "x-ratelimit-reset-requests"));

        server.Time.Advance(TimeSpan.FromSeconds(29.9));
        refused = await Assert.ThrowsAsync<ClientResultException>(() => AskAsync(server));
        Assert.Contains("try again in 100ms", refused.GetRawResponse()!.Content.ToString(), StringComparison.Ordinal);
        server.Time.Advance(TimeSpan.FromSeconds(0.1));
        await AskAsync(server);
    }

    [Fact]
    public async Task Tokens_are_charged_as_the_larger_of_max_tokens_and_the_estimate()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(settings: new() { ["Limits:TokensPerMinute"] = "1000" });
        PipelineResponse first = await AskAsync(server, maxTokens: 700);
        Assert.Equal("300", Header(first, "x-ratelimit-remaining-tokens"));
        Assert.Equal("42s", Header(first, "x-ratelimit-reset-tokens"));
        ClientResultException refused = await Assert.ThrowsAsync<ClientResultException>(() => AskAsync(server, maxTokens: 500));
        Assert.Contains("tokens: rate_limit_exceeded", refused.Message, StringComparison.Ordinal);
        Assert.Contains("on tokens per min (TPM): Limit 1000, Used 700, Requested 500. Please try again in 12s.", refused.Message, StringComparison.Ordinal);
        PipelineResponse byEstimate = await AskAsync(server, text: new string('x', 400));
        Assert.Equal("200", Header(byEstimate, "x-ratelimit-remaining-tokens"));
        server.Time.Advance(TimeSpan.FromSeconds(18));
        await AskAsync(server, maxTokens: 500);
    }

    [Fact]
    public async Task A_request_that_never_fits_is_told_so_and_not_when_to_retry()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(settings: new() { ["Limits:TokensPerMinute"] = "1000" });
        ClientResultException refused = await Assert.ThrowsAsync<ClientResultException>(() => AskAsync(server, maxTokens: 1001));
        Assert.Contains("Request too large for gpt-4.1-mini in organization org-simulator on tokens per min (TPM): Limit 1000, Requested 1001.", refused.Message, StringComparison.Ordinal);
        Assert.Null(Header(refused.GetRawResponse()!, "retry-after"));
        Assert.Equal(1, (await server.SettledLedgerAsync()).GetProperty("verdicts").GetProperty("NeverFits").GetInt64());
    }

    [Fact]
    public async Task An_organisation_without_money_gets_insufficient_quota()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(settings: new() { ["Limits:QuotaExhausted"] = "true" });
        ClientResultException refused = await Assert.ThrowsAsync<ClientResultException>(() => AskAsync(server));
        Assert.Equal(429, refused.Status);
        Assert.Contains("insufficient_quota: insufficient_quota", refused.Message, StringComparison.Ordinal);
        Assert.Null(Header(refused.GetRawResponse()!, "retry-after"));
    }

    [Fact]
    public async Task Keys_of_one_organisation_share_its_limits()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(settings: new()
        {
            ["Keys:a1"] = "org-a",
            ["Keys:a2"] = "org-a",
            ["Keys:b1"] = "org-b",
            ["Limits:RequestsPerMinute"] = "1",
            ["Organisations:org-b:RequestsPerMinute"] = "2",
        });
        await AskAsync(server, key: "a1");
        await Assert.ThrowsAsync<ClientResultException>(() => AskAsync(server, key: "a2"));
        await AskAsync(server, key: "b1");
        await AskAsync(server, key: "b1");
        await Assert.ThrowsAsync<ClientResultException>(() => AskAsync(server, key: "b1"));
    }

    [Fact]
    public async Task Calls_beyond_the_concurrency_are_429_while_the_others_work()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(ToolRules.Json, new() { ["Limits:Concurrency"] = "2" });
        Task<PipelineResponse>[] slow = [AskAsync(server, text: "slow"), AskAsync(server, text: "slow")];
        await server.Time.TimersAsync(2);
        ClientResultException refused = await Assert.ThrowsAsync<ClientResultException>(() => AskAsync(server));
        Assert.Contains("Too many concurrent requests", refused.Message, StringComparison.Ordinal);
        server.Time.Advance(TimeSpan.FromSeconds(5));
        await Task.WhenAll(slow);
        await server.SettledLedgerAsync();
        await AskAsync(server);
        Assert.Equal(3, (await server.SettledLedgerAsync()).GetProperty("maxConcurrent").GetInt32());
    }

    [Fact]
    public async Task A_short_burst_enforces_the_limit_by_the_second()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(settings: new() { ["Limits:RequestsPerMinute"] = "120", ["Limits:BurstSeconds"] = "1" });
        await AskAsync(server);
        await AskAsync(server);
        await Assert.ThrowsAsync<ClientResultException>(() => AskAsync(server));
        server.Time.Advance(TimeSpan.FromMilliseconds(500));
        await AskAsync(server);
    }

    private static async Task<PipelineResponse> AskAsync(SimulatorServer server, string text = "Hi", int? maxTokens = null, string key = SimulatorServer.Key) =>
        (await server.Chat(key).CompleteChatAsync([new UserChatMessage(text)], new ChatCompletionOptions { MaxOutputTokenCount = maxTokens }, Token)).GetRawResponse();

    private static string? Header(PipelineResponse response, string name) => response.Headers.TryGetValue(name, out string? value) ? value : null;
}
