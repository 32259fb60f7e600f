using System.IO.Compression;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Pipeline.Contracts;
using Pipeline.ToolWorkers.Tests.Fixtures;

namespace Pipeline.ToolWorkers.Tests.HttpTools;

/// <summary>HTTP tools through their queue, against a real server.</summary>
public sealed class HttpToolTests
{
    private const string Secret = "s3cr3t-value-of-the-test";

    [Fact]
    public async Task Arguments_go_to_their_places_encoded_and_secrets_into_headers()
    {
        await using var server = await ToolServer.StartAsync(x => x.Response.WriteAsync("""{"data":{"rate":[1.08]},"more":"noise"}"""));
        await using var app = await StartAsync(server, """
            {
              "method": "POST",
              "url": "ORIGIN/v1/rates/{base}?fixed=a%20b",
              "query": { "to": "{to}", "note": "for {base}&x", "left": "{absent}" },
              "headers": { "Authorization": "Bearer secret:RATES_KEY", "X-Client": "pipeline" },
              "body": { "amount": "{amount}", "text": "pay \"{base}\" {{now}}", "list": ["{to}", 1], "left": "{absent}" },
              "response": { "select": "/data/rate/0" }
            }
            """, manifest => manifest["effects"] = "Idempotent");

        var answer = await app.CallAsync("""{"base":"A/../B ?#é","to":["EUR","U&D"],"amount":12.50}""", callId: "call-7", tool: "rates");

        Assert.Equal("1.08", answer.Success.Result);
        var seen = Assert.Single(server.Seen);
        Assert.Equal("POST", seen.Method);
        Assert.Equal("/v1/rates/A%2F..%2FB%20%3F%23%C3%A9?fixed=a%20b&to=EUR&to=U%26D&note=for%20A%2F..%2FB%20%3F%23%C3%A9%26x", seen.Target);
        Assert.Equal($"Bearer {Secret}", seen.Headers["Authorization"]);
        Assert.Equal("pipeline", seen.Headers["X-Client"]);
        Assert.Equal("call-7", seen.Headers["Idempotency-Key"]);
        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse("""{"amount":12.50,"text":"pay \"A/../B ?#é\" {now}","list":[["EUR","U&D"],1]}"""),
            JsonNode.Parse(seen.Body)));
    }

    [Fact]
    public async Task A_tool_that_only_reads_sends_no_idempotency_key()
    {
        await using var server = await ToolServer.StartAsync(x => x.Response.WriteAsync("{}"));
        await using var app = await StartAsync(server, """{ "url": "ORIGIN/" }""");

        await app.CallAsync("{}", tool: "rates");

        Assert.False(Assert.Single(server.Seen).Headers.ContainsKey("Idempotency-Key"));
    }

    [Theory]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("")]
    public async Task An_argument_cannot_leave_its_part_of_the_path(string value)
    {
        await using var server = await ToolServer.StartAsync(x => x.Response.WriteAsync("{}"));
        await using var app = await StartAsync(server, """{ "url": "ORIGIN/v1/{base}/secret" }""");

        var answer = await app.CallAsync($$"""{"base":"{{value}}"}""", tool: "rates");

        Assert.Equal(FailureCode.ArgumentsInvalid, answer.Failure.Code);
        Assert.Empty(server.Seen);
    }

    [Fact]
    public async Task What_the_server_refuses_is_told_without_secrets_and_opens_no_circuit()
    {
        await using var server = await ToolServer.StartAsync(x =>
        {
            x.Response.StatusCode = 422;
            return x.Response.WriteAsync($"no such currency; you sent {x.Request.Headers.Authorization}");
        });
        await using var app = await StartAsync(server, """{ "url": "ORIGIN/", "headers": { "Authorization": "secret:RATES_KEY" } }""");

        for (var call = 0; call < 12; call++)
        {
            var failure = (await app.CallAsync("{}", tool: "rates")).Failure;
            Assert.Equal(FailureCode.ToolFailed, failure.Code);
            Assert.Contains("'422': no such currency; you sent ***", failure.Reason, StringComparison.Ordinal);
            Assert.DoesNotContain(Secret, failure.Reason, StringComparison.Ordinal);
        }

        Assert.Equal(12, server.Seen.Count);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(429)]
    public async Task A_failing_server_opens_the_circuit_and_the_fallback_answers(int status)
    {
        await using var server = await ToolServer.StartAsync(x =>
        {
            x.Response.StatusCode = status;
            return Task.CompletedTask;
        });
        await using var app = await StartAsync(server, """{ "url": "ORIGIN/" }""");
        for (var call = 0; call < 5; call++)
        {
            Assert.Equal(FailureCode.ToolFailed, (await app.CallAsync("{}", tool: "rates")).Failure.Code);
        }

        var answer = (await app.CallAsync("{}", tool: "rates")).Success;

        Assert.True(answer.IsFallback);
        Assert.Equal(5, server.Seen.Count);
    }

    [Fact]
    public async Task A_server_that_is_not_there_counts_as_failed()
    {
        var server = await ToolServer.StartAsync(_ => Task.CompletedTask);
        await using var app = await StartAsync(server, """{ "url": "ORIGIN/" }""");
        await server.DisposeAsync();

        var failure = (await app.CallAsync("{}", tool: "rates")).Failure;

        Assert.Equal(FailureCode.ToolFailed, failure.Code);
        Assert.Contains("could not be reached (ConnectionError)", failure.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_response_without_end_is_cut_off_and_the_server_hears_of_it()
    {
        var aborted = new TaskCompletionSource();
        await using var server = await ToolServer.StartAsync(async x =>
        {
            var block = new byte[8192];
            try
            {
                while (true)
                {
                    await x.Response.Body.WriteAsync(block, x.RequestAborted);
                }
            }
            catch (Exception e) when (e is OperationCanceledException or IOException)
            {
                aborted.TrySetResult();
            }
        });
        await using var app = await StartAsync(server, """{ "url": "ORIGIN/", "response": { "maxBytes": 100000 } }""");

        var failure = (await app.CallAsync("{}", tool: "rates")).Failure;

        Assert.Equal(FailureCode.ToolResultTooLarge, failure.Code);
        await aborted.Task.WaitAsync(ToolWorkersApp.Guard, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_packed_response_is_measured_unpacked()
    {
        await using var server = await ToolServer.StartAsync(async x =>
        {
            x.Response.Headers.ContentEncoding = "gzip";
            await using var gzip = new GZipStream(x.Response.Body, CompressionLevel.Fastest, leaveOpen: true);
            await gzip.WriteAsync(new byte[5_000_000], x.RequestAborted);
        });
        await using var app = await StartAsync(server, """{ "url": "ORIGIN/", "response": { "as": "text", "maxBytes": 100000 } }""");

        Assert.Equal(FailureCode.ToolResultTooLarge, (await app.CallAsync("{}", tool: "rates")).Failure.Code);
    }

    [Fact]
    public async Task A_redirection_is_not_followed()
    {
        await using var server = await ToolServer.StartAsync(x =>
        {
            x.Response.Redirect("http://169.254.169.254/latest/meta-data");
            return Task.CompletedTask;
        });
        await using var app = await StartAsync(server, """{ "url": "ORIGIN/" }""");

        Assert.Contains("'302', a redirection", (await app.CallAsync("{}", tool: "rates")).Failure.Reason, StringComparison.Ordinal);
        Assert.Single(server.Seen);
    }

    [Fact]
    public async Task A_name_that_leads_into_the_own_network_is_not_connected_to()
    {
        await using var server = await ToolServer.StartAsync(x => x.Response.WriteAsync("{}"));
        // Allowed is the address as it is written, not the name that resolves to it.
        await using var app = await StartAsync(server, $$"""{ "url": "http://localhost:{{server.Address.Port}}/" }""");

        var failure = (await app.CallAsync("{}", tool: "rates")).Failure;

        Assert.Equal(FailureCode.ToolNotAllowed, failure.Code);
        Assert.Empty(server.Seen);
    }

    [Fact]
    public async Task A_slow_server_is_left_at_the_time_limit()
    {
        var asked = new TaskCompletionSource();
        var left = new TaskCompletionSource();
        await using var server = await ToolServer.StartAsync(async x =>
        {
            x.RequestAborted.Register(left.SetResult);
            asked.SetResult();
            await left.Task;
        });
        await using var app = await StartAsync(server, """{ "url": "ORIGIN/" }""");
        await app.SendAsync(app.NewCall(tool: "rates"));
        await asked.Task.WaitAsync(ToolWorkersApp.Guard, TestContext.Current.CancellationToken);

        app.Time.Advance(TimeSpan.FromSeconds(6));

        Assert.Equal(FailureCode.ToolTimeout, (await app.NextAnswerAsync()).Failure.Code);
        await left.Task.WaitAsync(ToolWorkersApp.Guard, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_secret_that_the_server_echoes_is_not_in_the_result()
    {
        await using var server = await ToolServer.StartAsync(x => x.Response.WriteAsync($$"""{"youSent":"{{x.Request.Headers.Authorization}}"}"""));
        await using var app = await StartAsync(server, """{ "url": "ORIGIN/", "headers": { "Authorization": "secret:RATES_KEY" } }""");

        Assert.Equal("""{"youSent":"***"}""", (await app.CallAsync("{}", tool: "rates")).Success.Result);
    }

    private static Task<ToolWorkersApp> StartAsync(ToolServer server, string http, Action<JsonObject>? change = null) => ToolWorkersApp.StartAsync(app =>
    {
        app.Settings["Tools:AllowedPrivateHosts:0"] = $"127.0.0.1:{server.Address.Port}";
        app.Settings["Tools:Secrets:RATES_KEY"] = Secret;
        var manifest = HttpManifest.Of(http.Replace("ORIGIN", server.Address.GetLeftPart(UriPartial.Authority), StringComparison.Ordinal));
        change?.Invoke(manifest);
        File.WriteAllText(Path.Combine(app.ToolsFolder, "rates.json"), manifest.ToJsonString());
    });
}
