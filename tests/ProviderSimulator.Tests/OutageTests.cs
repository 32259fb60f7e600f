using System.ClientModel;
using System.Net;
using System.Text;
using System.Text.Json;
using OpenAI.Chat;

namespace Pipeline.ProviderSimulator.Tests;

public sealed class OutageTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_outage_hits_every_call_until_its_time_is_over()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync();
        (HttpStatusCode status, JsonElement state) = await PutAsync(server, """{"kind":"status","status":503,"retryAfterSeconds":2,"seconds":60}""");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.True(state.GetProperty("active").GetBoolean());
        ClientResultException refused = await Assert.ThrowsAsync<ClientResultException>(() => AskAsync(server));
        Assert.Equal(503, refused.Status);
        server.Time.Advance(TimeSpan.FromSeconds(60));
        await AskAsync(server);
        JsonElement ledger = await server.SettledLedgerAsync();
        Assert.Equal(1, ledger.GetProperty("verdicts").GetProperty("FaultStatus").GetInt64());
        Assert.Equal("outage", ledger.GetProperty("recent")[1].GetProperty("rule").GetString());
    }

    [Fact]
    public async Task An_outage_without_a_time_lasts_until_it_is_ended()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync();
        await PutAsync(server, """{"kind":"abort"}""");
        server.Time.Advance(TimeSpan.FromHours(5));
        await Assert.ThrowsAnyAsync<Exception>(() => AskAsync(server));
        using HttpResponseMessage ended = await server.Http.DeleteAsync("outage", Token);
        Assert.Equal("""{"active":false}""", await ended.Content.ReadAsStringAsync(Token));
        await AskAsync(server);
    }

    [Theory]
    [InlineData("")]
    [InlineData("7")]
    [InlineData("{}")]
    [InlineData("""{"kind":"status"}""")]
    [InlineData("""{"kind":"stall"}""")]
    [InlineData("""{"kind":"hang","seconds":-1}""")]
    [InlineData("""{"kind":"hang","minutes":1}""")]
    public async Task A_wrong_body_changes_nothing_and_says_why(string body)
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync();
        (HttpStatusCode status, JsonElement answer) = await PutAsync(server, body);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.NotEqual(0, answer.GetProperty("problems").GetArrayLength());
        await AskAsync(server);
    }

    private static async Task AskAsync(SimulatorServer server) => await server.Chat().CompleteChatAsync([new UserChatMessage("Hi")], null, Token);

    private static async Task<(HttpStatusCode Status, JsonElement Body)> PutAsync(SimulatorServer server, string body)
    {
        using HttpResponseMessage response = await server.Http.PutAsync("outage", new StringContent(body, Encoding.UTF8, "application/json"), Token);
        using JsonDocument document = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Token));
        return (response.StatusCode, document.RootElement.Clone());
    }
}
