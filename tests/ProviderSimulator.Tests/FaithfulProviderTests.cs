using System.ClientModel;
using System.ClientModel.Primitives;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Anthropic.Exceptions;
using OpenAI;
using OpenAI.Chat;
using Pipeline.ProviderSimulator.Tests.Protocols;

namespace Pipeline.ProviderSimulator.Tests;

/// <summary>The switches of a faithful provider, over HTTP and through the vendors' SDKs.</summary>
public sealed class FaithfulProviderTests
{
    private const string Rules = """
        { "rules": [ { "name": "cached", "when": { "firstUser": "cached" }, "then": { "text": "ok", "inputTokens": 5000, "cachedTokens": 4000, "outputTokens": 10 } },
                     { "name": "long", "when": { "firstUser": "long" }, "then": { "text": "one two three four five six seven eight nine ten", "outputTokens": 1000 } } ],
          "default": { "text": "ok", "outputTokens": 10 } }
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Azure_charges_prompt_and_max_tokens_and_answers_in_its_own_shape()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(Rules, new() { ["Limits:Preset"] = "Azure", ["Limits:TokensPerMinute"] = "1000" });
        var azure = new ChatClient("gpt-4.1", new ApiKeyCredential("k"), new OpenAIClientOptions { Endpoint = new Uri(server.Root, "openai/v1"), RetryPolicy = new ClientRetryPolicy(0) });
        var options = new ChatCompletionOptions { MaxOutputTokenCount = 598 };
        PipelineResponse first = (await azure.CompleteChatAsync([new UserChatMessage("12345678")], options, Token)).GetRawResponse();
        Assert.Equal("400", Header(first, "x-ratelimit-remaining-tokens"));
        Assert.Null(Header(first, "x-ratelimit-limit-tokens"));
        ClientResultException refused = await Assert.ThrowsAsync<ClientResultException>(() => azure.CompleteChatAsync([new UserChatMessage("12345678")], options, Token));
        Assert.Contains("have exceeded token rate limit", refused.Message, StringComparison.Ordinal);
        Assert.Equal("60000", Header(refused.GetRawResponse()!, "retry-after-ms"));
        server.Time.Advance(TimeSpan.FromSeconds(60));
        await azure.CompleteChatAsync([new UserChatMessage("12345678")], options, Token);
    }

    [Fact]
    public async Task Anthropics_cache_reads_are_free_and_in_the_usage()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(Rules, new() { ["Limits:InputTokensPerMinute"] = "10000" });
        Anthropic.Models.Messages.Message answer = await server.Anthropic().Messages.Create(AnthropicProtocolTests.Ask("cached"), Token);
        Assert.Equal((1000, 4000), (answer.Usage.InputTokens, answer.Usage.CacheReadInputTokens));
        Assert.Equal("9000", server.AnthropicHeaders["anthropic-ratelimit-input-tokens-remaining"]);
        JsonElement ledger = await server.SettledLedgerAsync();
        Assert.Equal((5000, 4000), (ledger.GetProperty("inputTokens").GetInt64(), ledger.GetProperty("cachedTokens").GetInt64()));
    }

    [Fact]
    public async Task Output_moves_the_limit_while_it_is_produced()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(
            Rules, new() { ["Limits:Preset"] = "Anthropic", ["Limits:OutputTokensPerMinute"] = "60000", ["OutputTokensPerSecond"] = "1000", ["StreamChunkCharacters"] = "4" });
        Task<string> stream = PostAsync(server, "long", stream: true);
        await server.Time.TimersAsync(1);
        while (!stream.IsCompleted)
        {
            server.Time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }

        Assert.Contains("[DONE]", await stream, StringComparison.Ordinal);
        await server.SettledLedgerAsync();
        JsonElement call = (await GetAsync(server, "ledger/entries"))[0];
        JsonElement[] charges = [.. call.GetProperty("charges").EnumerateArray()];
        Assert.True(charges.Length > 5);
        Assert.Equal(1000, charges.Sum(x => x.GetProperty("amount").GetProperty("outputTokens").GetInt32()));
        Assert.True(charges[^1].GetProperty("ticks").GetInt64() > charges[1].GetProperty("ticks").GetInt64());
        Assert.Equal("Complete", call.GetProperty("streamState").GetString());
    }

    [Theory]
    [InlineData("streamAbort")]
    [InlineData("streamError")]
    public async Task A_broken_stream_is_billed_for_what_was_produced(string kind)
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(Rules, new() { ["StreamChunkCharacters"] = "4" });
        await PutAsync(server, "outage", $$"""{"kind":"{{kind}}"}""");
        await Record.ExceptionAsync(() => PostAsync(server, "long", stream: true));
        JsonElement call = (await server.SettledLedgerAsync()).GetProperty("recent")[0];
        Assert.InRange(call.GetProperty("outputTokens").GetInt32(), 1, 999);
        Assert.Equal("Broken", call.GetProperty("streamState").GetString());
    }

    [Fact]
    public async Task Garbage_and_cut_bodies_are_billed_and_are_errors_of_the_sdk()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(Rules);
        foreach ((string kind, string verdict) in ((string, string)[])[("garbage", "FaultGarbage"), ("truncate", "FaultAbort")])
        {
            await PutAsync(server, "outage", $$"""{"kind":"{{kind}}"}""");
            await Assert.ThrowsAnyAsync<Exception>(() => server.Chat().CompleteChatAsync([new UserChatMessage("Hi")], null, Token));
            JsonElement call = (await server.SettledLedgerAsync()).GetProperty("recent")[0];
            Assert.Equal(verdict, call.GetProperty("verdict").GetString());
            Assert.True(call.GetProperty("inputTokens").GetInt32() > 0);
        }
    }

    [Fact]
    public async Task A_reset_comes_before_the_charge()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(Rules, new() { ["Limits:TokensPerMinute"] = "1000" });
        await PutAsync(server, "outage", """{"kind":"reset"}""");
        await Assert.ThrowsAnyAsync<Exception>(() => PostAsync(server, "Hi"));
        JsonElement call = (await server.SettledLedgerAsync()).GetProperty("recent")[0];
        Assert.Equal((0, false), (call.GetProperty("inputTokens").GetInt32(), call.GetProperty("admitted").GetBoolean()));
    }

    [Fact]
    public async Task A_stalled_stream_goes_on_after_its_delay()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(Rules, new() { ["StreamChunkCharacters"] = "4" });
        await PutAsync(server, "outage", """{"kind":"stall","delaySeconds":20}""");
        Task<string> stream = PostAsync(server, "long", stream: true);
        await server.Time.TimersAsync(1);
        Assert.False(stream.IsCompleted);
        server.Time.Advance(TimeSpan.FromSeconds(20));
        Assert.Contains("[DONE]", await stream, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_outage_can_hit_a_share_and_one_model_and_carry_a_code()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(Rules);
        await PutAsync(server, "outage", """{"kind":"status","status":429,"code":"slow_down","share":0.5,"model":"m"}""");
        string[] answers = [await PostAsync(server, "Hi"), await PostAsync(server, "Hi"), await PostAsync(server, "Hi"), await PostAsync(server, "Hi")];
        Assert.Equal([false, true, false, true], answers.Select(x => x.Contains("\"type\":\"rate_limit_error\",\"param\":null,\"code\":\"slow_down\"", StringComparison.Ordinal)));
        await server.Chat().CompleteChatAsync([new UserChatMessage("Hi")], null, Token);
    }

    [Theory]
    [InlineData("Missing", null)]
    [InlineData("Rounded", "2000")]
    [InlineData("MinusOne", "-1")]
    [InlineData("Zero", "0")]
    [InlineData("Garbage", "soon")]
    public async Task Headers_can_be_missing_rounded_or_wrong(string form, string? remaining)
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(Rules, new() { ["Limits:TokensPerMinute"] = "2345" });
        await PutAsync(server, "headers", $$"""{"rateLimits":"{{form}}"}""");
        PipelineResponse response = (await server.Chat().CompleteChatAsync([new UserChatMessage("Hi")], null, Token)).GetRawResponse();
        Assert.Equal(remaining, Header(response, "x-ratelimit-remaining-tokens"));
    }

    [Fact]
    public async Task Headers_can_be_late_and_wrong_by_a_factor()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(Rules, new() { ["Limits:TokensPerMinute"] = "6000", ["Headers:DelaySeconds"] = "10", ["Headers:RemainingFactor"] = "2" });
        var options = new ChatCompletionOptions { MaxOutputTokenCount = 1000 };
        string?[] shown = new string?[4];
        for (int call = 0; call < shown.Length; call++)
        {
            shown[call] = Header((await server.Chat().CompleteChatAsync([new UserChatMessage("Hi")], options, Token)).GetRawResponse(), "x-ratelimit-remaining-tokens");
            server.Time.Advance(TimeSpan.FromSeconds(call == 0 ? 1 : 9));
        }

        // Until something is old enough the oldest known is shown; the fourth call sees what the second left: 6000 - 1000 + 100 - 1000, doubled.
        Assert.Equal("10000 10000 10000 8200", string.Join(" ", shown));
    }

    [Theory]
    [InlineData("None", 1, null, null)]
    [InlineData("Seconds", 1, "60", null)]
    [InlineData("Milliseconds", 1, null, "60000")]
    [InlineData("Provider", 0.5, "30", "30000")]
    [InlineData("Date", 1, "Fri, 20 Nov 2026 12:01:00 GMT", null)]
    public async Task Retry_after_has_every_form_and_can_lie(string form, double factor, string? seconds, string? milliseconds)
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(Rules, new()
        {
            ["Limits:RequestsPerMinute"] = "1",
            ["Headers:RetryAfter"] = form,
            ["Headers:RetryAfterFactor"] = factor.ToString(CultureInfo.InvariantCulture),
        });
        await PostAsync(server, "Hi");
        ClientResultException refused = await Assert.ThrowsAsync<ClientResultException>(() => server.Chat().CompleteChatAsync([new UserChatMessage("Hi")], null, Token));
        Assert.Equal(seconds, Header(refused.GetRawResponse()!, "retry-after"));
        Assert.Equal(milliseconds, Header(refused.GetRawResponse()!, "retry-after-ms"));
        await server.SettledLedgerAsync();
        Assert.Equal(60_000, (await GetAsync(server, "ledger/entries?verdict=RequestLimited"))[0].GetProperty("retryAfterMilliseconds").GetDouble());
    }

    [Fact]
    public async Task A_limit_changes_while_calls_are_served_and_the_report_knows_both()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(Rules, new() { ["Limits:Preset"] = "Sliding60s", ["Limits:RequestsPerMinute"] = "3" });
        await PostAsync(server, "Hi");
        await PostAsync(server, "Hi");
        server.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.NoContent, await PutAsync(server, "limits/org-simulator", """{"requestsPerMinute":2}"""));
        Assert.Contains("Limit 2, Used 2", await PostAsync(server, "Hi"), StringComparison.Ordinal);
        server.Time.Advance(TimeSpan.FromSeconds(60));
        await PostAsync(server, "Hi");
        await server.SettledLedgerAsync();
        server.Time.Advance(TimeSpan.FromSeconds(1));
        JsonElement report = await GetAsync(server, "ledger/report");
        Assert.True(report.GetProperty("complete").GetBoolean());
        Assert.Equal(1, report.GetProperty("tooManyRequests").GetProperty("Organisation Requests").GetInt32());
        Assert.Equal([(3, 2.0), (2, 1.0)], report.GetProperty("limits").EnumerateArray().Select(x => (x.GetProperty("limit").GetProperty("perMinute").GetInt32(), x.GetProperty("charged").GetDouble())));
    }

    [Theory]
    [InlineData("limits/org-simulator", """{"requestsPerMinute":-1}""")]
    [InlineData("limits/org-simulator", """{"requestsPerHour":1}""")]
    [InlineData("limits/org-simulator", """{"tokenShape":"Round"}""")]
    [InlineData("limits/org-simulator", """{"billingCode":"broke"}""")]
    [InlineData("limits/org-simulator", "[]")]
    [InlineData("limits/nobody", "{}")]
    [InlineData("limits/org-simulator?project=p", "{}")]
    [InlineData("headers", """{"delaySeconds":1e9}""")]
    [InlineData("foreign/org-simulator", """{"requestsPerMinute":"many"}""")]
    [InlineData("foreign/nobody", "{}")]
    [InlineData("revoked/key-00000000", "{}")]
    public async Task A_wrong_change_changes_nothing_and_says_why(string route, string body)
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(Rules);
        using HttpResponseMessage response = await server.Http.PutAsync(route, new StringContent(body, Encoding.UTF8, "application/json"), Token);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        using JsonDocument answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Token));
        Assert.NotEqual(0, answer.RootElement.GetProperty("problems").GetArrayLength());
        Assert.Contains("chat.completion", await PostAsync(server, "Hi"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Classes_of_models_projects_and_keys_have_limits_of_their_own()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(Rules, new()
        {
            ["Keys:a"] = "org/p",
            ["Keys:b"] = "org",
            ["Keys:c"] = "org",
            ["ModelClasses:big"] = "large",
            ["Limits:RequestsPerMinute"] = "3",
            ["Limits:Classes:large:RequestsPerMinute"] = "1",
            ["Projects:org/p:RequestsPerMinute"] = "1",
            ["KeyLimits:c:RequestsPerMinute"] = "1",
        });
        Assert.DoesNotContain("error", await PostAsync(server, "Hi", key: "a"), StringComparison.Ordinal);
        Assert.Contains("rate_limit_exceeded", await PostAsync(server, "Hi", key: "a"), StringComparison.Ordinal);
        Assert.DoesNotContain("error", await PostAsync(server, "Hi", key: "c"), StringComparison.Ordinal);
        Assert.Contains("rate_limit_exceeded", await PostAsync(server, "Hi", key: "c"), StringComparison.Ordinal);
        Assert.DoesNotContain("error", await PostAsync(server, "Hi", key: "b", model: "big-1"), StringComparison.Ordinal);
        Assert.Contains("rate_limit_exceeded", await PostAsync(server, "Hi", key: "b", model: "big-2"), StringComparison.Ordinal);
        Assert.DoesNotContain("error", await PostAsync(server, "Hi", key: "b"), StringComparison.Ordinal);
        Assert.Contains("rate_limit_exceeded", await PostAsync(server, "Hi", key: "b"), StringComparison.Ordinal);
        JsonElement report = await ReportAsync(server);
        Assert.Equal(
            ["Key Requests", "Organisation Requests", "Organisation large Requests", "Project Requests"],
            report.GetProperty("tooManyRequests").EnumerateObject().Select(x => x.Name));
    }

    [Fact]
    public async Task Foreign_calls_eat_their_share_the_same_way_for_the_same_seed()
    {
        double[] charged = new double[2];
        for (int run = 0; run < 2; run++)
        {
            await using SimulatorServer server = await SimulatorServer.StartAsync(Rules, new()
            {
                ["Limits:TokensPerMinute"] = "100000",
                ["Foreign:org-simulator:RequestsPerMinute"] = "60",
                ["Foreign:org-simulator:InputTokens"] = "400",
                ["Foreign:org-simulator:OutputTokens"] = "100",
            });
            server.Time.Advance(TimeSpan.FromSeconds(60));
            JsonElement report = await ReportAsync(server);
            charged[run] = report.GetProperty("limits")[0].GetProperty("foreignCharged").GetDouble();
            Assert.Equal(0, report.GetProperty("arrivals").GetInt32());
            Assert.InRange(report.GetProperty("foreignArrivals").GetInt32(), 30, 90);
        }

        Assert.Equal(charged[0], charged[1]);
        Assert.InRange(charged[0], 15_000, 45_000);
    }

    [Fact]
    public async Task The_money_ends_when_it_is_spent()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(Rules, new() { ["Limits:SpendLimitTokens"] = "10", ["Limits:BillingCode"] = "credit_balance_exhausted" });
        Assert.DoesNotContain("error", await PostAsync(server, "Hi"), StringComparison.Ordinal);
        await server.SettledLedgerAsync();
        Assert.Contains("\"code\":\"credit_balance_exhausted\"", await PostAsync(server, "Hi"), StringComparison.Ordinal);
        await PutAsync(server, "limits/org-simulator", """{"billingCode":"billing_error"}""");
        await Assert.ThrowsAnyAsync<AnthropicApiException>(() => server.Anthropic().Messages.Create(AnthropicProtocolTests.Ask("Hi"), Token));
        JsonElement call = (await server.SettledLedgerAsync()).GetProperty("recent")[0];
        Assert.Equal(402, call.GetProperty("status").GetInt32());
    }

    [Fact]
    public async Task Load_that_grows_too_fast_is_told_to_slow_down()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(Rules, new() { ["Limits:RampAboveTokensPerMinute"] = "100" });
        Assert.DoesNotContain("error", await PostAsync(server, new string('x', 400)), StringComparison.Ordinal);
        Assert.Contains("slow_down", await PostAsync(server, "Hi"), StringComparison.Ordinal);
        server.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.DoesNotContain("error", await PostAsync(server, new string('x', 600)), StringComparison.Ordinal);
        Assert.Contains("slow_down", await PostAsync(server, "Hi"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_revoked_key_is_refused_until_it_is_given_back()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(Rules, new() { ["Keys:a"] = "org" });
        await PostAsync(server, "Hi", key: "a");
        string alias = (await server.SettledLedgerAsync()).GetProperty("recent")[0].GetProperty("keyAlias").GetString()!;
        Assert.Equal(HttpStatusCode.NoContent, await PutAsync(server, $"revoked/{alias}", ""));
        Assert.Contains("invalid_api_key", await PostAsync(server, "Hi", key: "a"), StringComparison.Ordinal);
        using HttpResponseMessage back = await server.Http.DeleteAsync($"revoked/{alias}", Token);
        Assert.DoesNotContain("error", await PostAsync(server, "Hi", key: "a"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_call_longer_than_the_context_is_400_and_takes_nothing()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(Rules, new() { ["ContextTokens"] = "100", ["Limits:RequestsPerMinute"] = "1" });
        Assert.Contains("context_length_exceeded", await PostAsync(server, new string('x', 404)), StringComparison.Ordinal);
        Assert.DoesNotContain("error", await PostAsync(server, "Hi"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refused_calls_can_count_and_estimates_can_differ_from_ours()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(Rules, new()
        {
            ["Limits:RequestsPerMinute"] = "3",
            ["Limits:TokensPerMinute"] = "150",
            ["Limits:RefusedRequestsCount"] = "true",
            ["Limits:EstimateFactor"] = "1.5",
            ["Limits:EstimateNoise"] = "0.1",
        });
        Assert.DoesNotContain("error", await PostAsync(server, new string('x', 300)), StringComparison.Ordinal);
        await server.SettledLedgerAsync();
        int charge = (await GetAsync(server, "ledger/entries"))[0].GetProperty("chargedTokens").GetInt32();
        Assert.InRange(charge, 101, 124);
        Assert.NotEqual(75, charge);
        Assert.Contains("tokens per min", await PostAsync(server, new string('x', 300)), StringComparison.Ordinal);
        Assert.Contains("tokens per min", await PostAsync(server, new string('x', 300)), StringComparison.Ordinal);
        Assert.Contains("requests per min", await PostAsync(server, "Hi"), StringComparison.Ordinal);
        Assert.Equal(3, (await ReportAsync(server)).GetProperty("limits")[0].GetProperty("charged").GetDouble());
    }

    [Fact]
    public async Task A_report_about_forgotten_calls_says_that_it_proves_nothing()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(Rules, new() { ["LedgerCapacity"] = "1" });
        await PostAsync(server, "Hi");
        Assert.True((await ReportAsync(server)).GetProperty("complete").GetBoolean());
        await PostAsync(server, "Hi");
        Assert.False((await ReportAsync(server)).GetProperty("complete").GetBoolean());
    }

    private static async Task<JsonElement> ReportAsync(SimulatorServer server)
    {
        await server.SettledLedgerAsync();
        server.Time.Advance(TimeSpan.FromTicks(1));
        return await GetAsync(server, "ledger/report");
    }

    private static async Task<string> PostAsync(SimulatorServer server, string text, string key = SimulatorServer.Key, string model = "m", bool stream = false)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions")
        {
            Content = new StringContent($$"""{"model":"{{model}}","stream":{{(stream ? "true" : "false")}},"messages":[{"role":"user","content":"{{text}}"}]}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = new("Bearer", key);
        using HttpResponseMessage response = await server.Http.SendAsync(request, Token);
        return await response.Content.ReadAsStringAsync(Token);
    }

    private static async Task<HttpStatusCode> PutAsync(SimulatorServer server, string route, string body)
    {
        using HttpResponseMessage response = await server.Http.PutAsync(route, new StringContent(body, Encoding.UTF8, "application/json"), Token);
        return response.StatusCode;
    }

    private static async Task<JsonElement> GetAsync(SimulatorServer server, string route)
    {
        using JsonDocument document = JsonDocument.Parse(await server.Http.GetStringAsync(route, Token));
        return document.RootElement.Clone();
    }

    private static string? Header(PipelineResponse response, string name) => response.Headers.TryGetValue(name, out string? value) ? value : null;
}
