using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Pipeline.LlmGateway.Tests.Fixtures;

namespace Pipeline.LlmGateway.Tests.Inspection;

public sealed class LlmRoutesTests
{
    private const string OperatorKey = "operator-key-0123456789";

    [Fact]
    public async Task Nobody_may_look_where_no_key_is_set_or_with_a_wrong_one()
    {
        await using var open = await GatewayFixture.StartAsync();
        using var http = new HttpClient();
        Assert.Equal(HttpStatusCode.Forbidden, (await http.GetAsync(new Uri(open.Url, "llm"), TestContext.Current.CancellationToken)).StatusCode);

        await using var gateway = await GatewayFixture.StartAsync(("OperatorKey", OperatorKey));
        foreach (var path in new[] { "llm", "llm/usage" })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync(new Uri(gateway.Url, path), TestContext.Current.CancellationToken)).StatusCode);
            Assert.Equal(HttpStatusCode.Unauthorized, (await Get(http, gateway, path, OperatorKey + "x")).StatusCode);
        }
    }

    [Fact]
    public async Task An_operator_sees_owner_levels_waits_and_usage_but_no_key()
    {
        var never = new TaskCompletionSource<ProviderReply>();
        await using var provider = await ScriptedProvider.StartAsync(call => call.Number == 1 ? Task.FromResult(ProviderReply.OpenAi(cached: 8)) : never.Task);
        await using var gateway = await GatewayFixture.StartAsync(
            ("OperatorKey", OperatorKey), ("OpenAi:BaseUrl", provider.Url), ("Pools:default:Concurrency", "1"), ("Pools:default:RequestsPerMinute", "6000"), ("StopPatience", "00:00:00"));
        using var http = new HttpClient();
        await gateway.SendAsync(gateway.Request());
        await gateway.Time.AdvanceToTimerAsync(TimeSpan.Zero, TimeSpan.FromSeconds(1));
        await gateway.NextReceivedAsync();

        var view = await (await Get(http, gateway, "llm", OperatorKey)).Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        var usage = await (await Get(http, gateway, "llm/usage?by=agent", OperatorKey)).Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
        var byDay = await (await Get(http, gateway, "llm/usage?by=day", OperatorKey)).Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);

        Assert.DoesNotContain(GatewayFixture.CanaryKey, view, StringComparison.Ordinal);
        var group = JsonDocument.Parse(view).RootElement.GetProperty("groups")[0];
        Assert.True(group.GetProperty("ownedHere").GetBoolean());
        Assert.Equal(1, group.GetProperty("domains")[0].GetProperty("epoch").GetInt64());
        Assert.Equal("Requests", group.GetProperty("domains")[0].GetProperty("limits").GetProperty("levels")[0].GetProperty("of").GetString());
        Assert.Equal(0, group.GetProperty("pools")[0].GetProperty("held").GetInt32());
        var row = Assert.Single(usage.GetProperty("rows").EnumerateArray());
        Assert.Equal(("greeter", 1, 1, 12L, 3L, 8L), (
            row.GetProperty("name").GetString(), row.GetProperty("calls").GetInt32(), row.GetProperty("answered").GetInt32(),
            row.GetProperty("inputTokens").GetInt64(), row.GetProperty("outputTokens").GetInt64(), row.GetProperty("cachedTokens").GetInt64()));
        Assert.Equal("2026-11-20", Assert.Single(byDay.GetProperty("rows").EnumerateArray()).GetProperty("name").GetString());
    }

    [Theory]
    [InlineData("llm/usage?by=colour", "'colour'")]
    [InlineData("llm/usage?from=yesterday", "'yesterday'")]
    [InlineData("llm/usage?from=2026-11-20&to=2026-11-19", "no span")]
    public async Task A_request_that_makes_no_sense_is_refused_by_name(string path, string reason)
    {
        await using var gateway = await GatewayFixture.StartAsync(("OperatorKey", OperatorKey));
        using var http = new HttpClient();

        var answer = await Get(http, gateway, path, OperatorKey);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(reason, (await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken)).GetProperty("reason").GetString());
    }

    private static async Task<HttpResponseMessage> Get(HttpClient http, GatewayFixture gateway, string path, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(gateway.Url, path));
        request.Headers.Add("X-Api-Key", key);
        return await http.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
