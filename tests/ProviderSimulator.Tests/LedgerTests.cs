using System.Text;
using System.Text.Json;
using OpenAI.Chat;
using Pipeline.ProviderSimulator.Tests.Protocols;

namespace Pipeline.ProviderSimulator.Tests;

public sealed class LedgerTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Totals_are_exact_and_entries_say_who_asked_what()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(ToolRules.Json, new() { ["Keys:secret-key-value"] = "org-a", ["Limits:RequestsPerMinute"] = "2" });
        await PostAsync(server, "Hi", "secret-key-value", "inv-1");
        await PostAsync(server, "weather in Bern", "secret-key-value", "inv-2");
        await PostAsync(server, "Hi", "secret-key-value", "inv-3");
        await PostAsync(server, "Hi", "wrong-key-value", "inv-4");

        JsonElement ledger = await server.SettledLedgerAsync();
        Assert.Equal(4, ledger.GetProperty("arrivals").GetInt64());
        Assert.Equal(2, ledger.GetProperty("verdicts").GetProperty("Answered").GetInt64());
        Assert.Equal(1, ledger.GetProperty("verdicts").GetProperty("RequestLimited").GetInt64());
        Assert.Equal(1, ledger.GetProperty("verdicts").GetProperty("Unauthenticated").GetInt64());
        Assert.Equal(1, ledger.GetProperty("maxConcurrentByOrganisation").GetProperty("org-a").GetInt32());
        Assert.Equal(["inv-4", "inv-3", "inv-2", "inv-1"], ledger.GetProperty("recent").EnumerateArray().Select(e => e.GetProperty("invocationId").GetString()));

        JsonElement second = ledger.GetProperty("recent")[2];
        Assert.Equal("ask", second.GetProperty("rule").GetString());
        Assert.Equal("openai", second.GetProperty("protocol").GetString());
        Assert.Equal("key-inv-2", second.GetProperty("idempotencyKey").GetString());
        Assert.Equal("caller-7", second.GetProperty("caller").GetString());
        Assert.Equal(200, second.GetProperty("status").GetInt32());
        Assert.Equal(4, second.GetProperty("inputTokens").GetInt32());
        Assert.Equal(4, second.GetProperty("chargedTokens").GetInt32());
        string all = ledger.GetRawText();
        Assert.DoesNotContain("secret-key-value", all, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-key-value", all, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_ring_forgets_entries_but_not_totals()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(settings: new() { ["LedgerCapacity"] = "2" });
        for (int call = 1; call <= 5; call++)
        {
            await PostAsync(server, "Hi", SimulatorServer.Key, $"inv-{call}");
        }

        JsonElement ledger = await server.SettledLedgerAsync();
        Assert.Equal(5, ledger.GetProperty("arrivals").GetInt64());
        Assert.Equal(3, ledger.GetProperty("forgotten").GetInt64());
        Assert.Equal(["inv-5", "inv-4"], ledger.GetProperty("recent").EnumerateArray().Select(e => e.GetProperty("invocationId").GetString()));
    }

    [Fact]
    public async Task Delete_starts_a_new_page_while_calls_are_in_flight()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(ToolRules.Json);
        await PostAsync(server, "Hi", SimulatorServer.Key, "inv-1");
        Task slow = PostAsync(server, "slow", SimulatorServer.Key, "inv-2");
        await server.Time.TimersAsync(1);
        using HttpResponseMessage deleted = await server.Http.DeleteAsync("ledger", Token);
        Assert.True(deleted.IsSuccessStatusCode);
        JsonElement ledger = await server.LedgerAsync();
        Assert.Equal(0, ledger.GetProperty("arrivals").GetInt64());
        Assert.Equal(1, ledger.GetProperty("inFlight").GetInt32());
        server.Time.Advance(TimeSpan.FromSeconds(5));
        await slow;
        ledger = await server.SettledLedgerAsync();
        Assert.Equal("inv-2", Assert.Single(ledger.GetProperty("recent").EnumerateArray()).GetProperty("invocationId").GetString());
    }

    [Fact]
    public async Task A_caller_that_leaves_is_booked_as_gone()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(ToolRules.Json);
        foreach ((string text, string verdict) in ((string, string)[])[("slow", "CallerGone"), ("hang", "FaultHang")])
        {
            using var leave = CancellationTokenSource.CreateLinkedTokenSource(Token);
            Task<ChatCompletion> call = AskAsync(server, text, leave.Token);
            await server.Time.TimersAsync(1);
            await leave.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
            JsonElement ledger = await server.SettledLedgerAsync();
            Assert.Equal(1, ledger.GetProperty("verdicts").GetProperty(verdict).GetInt64());
        }
    }

    [Fact]
    public async Task A_cut_connection_has_been_billed()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(ToolRules.Json);
        await Assert.ThrowsAnyAsync<Exception>(() => AskAsync(server, "abort", Token));
        JsonElement ledger = await server.SettledLedgerAsync();
        Assert.Equal(1, ledger.GetProperty("verdicts").GetProperty("FaultAbort").GetInt64());
        Assert.Equal(3, ledger.GetProperty("outputTokens").GetInt64());
    }

    [Fact]
    public async Task A_hang_ends_at_the_longest_latency()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(ToolRules.Json, new() { ["MaxLatency"] = "00:00:30" });
        Task<ChatCompletion> call = AskAsync(server, "hang", Token);
        await server.Time.TimersAsync(1);
        server.Time.Advance(TimeSpan.FromSeconds(30));
        await Assert.ThrowsAnyAsync<Exception>(() => call);
        Assert.Equal(1, (await server.SettledLedgerAsync()).GetProperty("verdicts").GetProperty("FaultHang").GetInt64());
    }

    private static async Task<ChatCompletion> AskAsync(SimulatorServer server, string text, CancellationToken cancellationToken) =>
        await server.Chat().CompleteChatAsync([new UserChatMessage(text)], null, cancellationToken);

    private static async Task PostAsync(SimulatorServer server, string text, string key, string invocation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions")
        {
            Content = new StringContent($$"""{"model":"m","user":"caller-7","messages":[{"role":"user","content":"{{text}}"}]}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = new("Bearer", key);
        request.Headers.Add("X-Invocation-Id", invocation);
        request.Headers.Add("Idempotency-Key", "key-" + invocation);
        using HttpResponseMessage response = await server.Http.SendAsync(request, Token);
    }
}
