using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Pipeline.Cli.Tests;

public sealed class CommandTests
{
    private const string Id = "0a1b2c3d-0000-4000-8000-000000000001";
    private const string Accepted = $$"""{"invocationId":"{{Id}}","event":"accepted"}""";

    [Theory]
    [InlineData(401, "key_invalid", 3)]
    [InlineData(404, "invocation_unknown", 4)]
    [InlineData(503, "admission_unanswered", 3)]
    public async Task A_refusal_is_one_line_with_its_code_and_an_exit_code_for_scripts(int status, string code, int exitCode)
    {
        await using var api = await ScriptedApi.StartAsync((http, _) => ScriptedApi.JsonAsync(http, $$"""{"title":"{{code}}","code":"{{code}}","detail":"Say why."}""", status));

        var run = await CommandRun.OfAsync(api.Address, "secret-canary", "explain", Id, "--json");

        Assert.Equal(exitCode, run.ExitCode);
        Assert.Equal($"error: {code}: Say why.", run.Errors.Trim());
        Assert.Empty(run.Output);
        Assert.Equal("secret-canary", Assert.Single(api.Requests).Headers["X-Api-Key"]);
    }

    [Fact]
    public async Task Nobody_there_and_wrong_usage_have_exit_codes_of_their_own()
    {
        Assert.Equal(3, (await CommandRun.OfAsync(new Uri("http://127.0.0.1:1"), null, "queues")).ExitCode);
        Assert.Equal(2, (await CommandRun.OfAsync(null, null, "explain", "no-uuid")).ExitCode);
        Assert.Equal(2, (await CommandRun.OfAsync(null, null, "submit", "--tenant", "acme")).ExitCode);
        Assert.Equal(2, (await CommandRun.OfAsync(null, null, "queues", "--url", "ftp://x")).ExitCode);
    }

    [Fact]
    public async Task The_gateway_shows_each_list_as_a_table_and_the_same_as_json()
    {
        const string status = """
            {"instance":"g1","groups":[{"ownedHere":true,
              "domains":[{"name":"acme-openai","epoch":3,"keys":[{"alias":"main","weight":2,"state":"Refused","reason":"no such key"}]}],
              "pools":[{"name":"default","held":7,"isOut":true}]}]}
            """;
        await using var api = await ScriptedApi.StartAsync((http, _) => ScriptedApi.JsonAsync(http, status));

        var tables = await CommandRun.OfAsync(api.Address, "operators-own-key", "llm", "status");
        var json = await CommandRun.OfAsync(api.Address, "operators-own-key", "llm", "usage", "--by", "key", "--from", "2026-11-25T00:00Z", "--json");

        Assert.True(tables.ExitCode == 0, tables.Errors);
        foreach (var expected in new[] { "instance: g1", "acme-openai", "main", "Refused", "no such key", "default", "7" })
        {
            Assert.Contains(expected, tables.Output);
        }

        Assert.Equal(0, json.ExitCode);
        Assert.Equal("g1", JsonDocument.Parse(json.Output).RootElement.GetProperty("instance").GetString());
        Assert.Equal(
            ["GET /llm", "GET /llm/usage?from=2026-11-25T00%3A00%3A00.0000000%2B00%3A00&by=key"], api.Requests.Select(x => x.Path));
        Assert.All(api.Requests, x => Assert.Equal("operators-own-key", x.Headers["X-Api-Key"].ToString()));
    }

    [Fact]
    public async Task What_is_deferred_is_submitted_again_with_the_same_key()
    {
        await using var api = await ScriptedApi.StartAsync((http, number) =>
        {
            http.Response.Headers.RetryAfter = "0";
            return number == 1 ? ScriptedApi.JsonAsync(http, """{"code":"admission_deferred","detail":"Full."}""", 429) : ScriptedApi.JsonAsync(http, Accepted, 202);
        });

        var run = await CommandRun.OfAsync(api.Address, null, "submit", "--tenant", "acme", "--agent", "a", "--input", "Help.", "--metadata", "case=7", "--json");

        Assert.Equal(0, run.ExitCode);
        var bodies = api.Requests.Select(x => x.Body).ToList();
        Assert.Equal(2, bodies.Count);
        Assert.Equal(bodies[0], bodies[1]);
        var body = JsonDocument.Parse(bodies[0]).RootElement;
        Assert.Equal("7", body.GetProperty("metadata").GetProperty("case").GetString());
        var result = JsonDocument.Parse(run.Output).RootElement;
        Assert.Equal((Id, "accepted", body.GetProperty("idempotencyKey").GetString()), (result.GetProperty("invocationId").GetString(), result.GetProperty("event").GetString(), result.GetProperty("idempotencyKey").GetString()));
    }

    [Fact]
    public async Task Deferred_without_waiting_is_exit_code_5()
    {
        await using var api = await ScriptedApi.StartAsync((http, _) =>
        {
            http.Response.Headers.RetryAfter = "17";
            return ScriptedApi.JsonAsync(http, """{"code":"admission_deferred","detail":"Full."}""", 429);
        });

        var run = await CommandRun.OfAsync(api.Address, null, "submit", "--tenant", "acme", "--agent", "a", "--input", "x", "--no-wait");

        Assert.Equal(5, run.ExitCode);
        Assert.Contains("submit again after 17 s", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_submitted_again_repeats_its_keys_and_one_refusal_does_not_stop_it()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllLinesAsync(file, ["""{"tenant":"acme","agent":"a","input":"1"}""", "", """{"tenant":"acme","agent":"bad","input":"2"}""", """{"tenant":"acme","agent":"a","input":"3","idempotencyKey":"mine"}"""], TestContext.Current.CancellationToken);
        await using var api = await ScriptedApi.StartAsync((http, _) => ScriptedApi.JsonAsync(http, Accepted, 202));
        await using var refusing = await ScriptedApi.StartAsync((http, _) => ScriptedApi.JsonAsync(http, """{"code":"agent_unknown","detail":"None."}""", 404));
        try
        {
            var first = await CommandRun.OfAsync(api.Address, null, "submit", "--file", file, "--json");
            var again = await CommandRun.OfAsync(api.Address, null, "submit", "--file", file, "--json");
            var refused = await CommandRun.OfAsync(refusing.Address, null, "submit", "--file", file, "--json");

            Assert.Equal((0, 0, 1), (first.ExitCode, again.ExitCode, refused.ExitCode));
            Assert.Equal(3, Keys(first).Count);
            Assert.Equal(Keys(first), Keys(again));
            Assert.Contains("mine", Keys(first));
            Assert.Equal(3, refusing.Requests.Count);
        }
        finally
        {
            File.Delete(file);
        }

        static List<string> Keys(CommandRun run) =>
            [.. run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(x => JsonDocument.Parse(x).RootElement.GetProperty("idempotencyKey").GetString()!).Order(StringComparer.Ordinal)];
    }

    [Fact]
    public async Task A_stream_that_breaks_is_taken_up_after_the_last_event_and_ends_with_the_terminal_one()
    {
        await using var api = await ScriptedApi.StartAsync(async (http, number) =>
        {
            http.Response.ContentType = "text/event-stream";
            await http.Response.WriteAsync(number == 1
                ? ": keep\n\nid: 1\nevent: accepted\ndata: {\"seq\":1,\"kind\":\"accepted\"}\n\n"
                : "id: 2\nevent: failed\ndata: {\"seq\":2,\"kind\":\"failed\"}\n\n");
        });

        var run = await CommandRun.OfAsync(api.Address, null, "watch", Id, "--json");

        Assert.Equal(1, run.ExitCode);
        Assert.Equal([1, 2], run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(x => JsonDocument.Parse(x).RootElement.GetProperty("seq").GetInt32()));
        Assert.Equal("1", api.Requests.Last().Headers["Last-Event-ID"]);
    }

    [Fact]
    public async Task Help_tells_the_exit_codes()
    {
        var run = await CommandRun.OfAsync(null, null, "--help");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("130 interrupted", string.Join(' ', run.Output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dead_letters_are_not_discarded_all_at_once_by_mistake()
    {
        await using var api = await ScriptedApi.StartAsync((http, _) => ScriptedApi.JsonAsync(http, "{}"));

        Assert.Equal(2, (await CommandRun.OfAsync(api.Address, null, "dead-letters", "discard")).ExitCode);
        Assert.Empty(api.Requests);
        Assert.Equal(0, (await CommandRun.OfAsync(api.Address, null, "dead-letters", "discard", "--queue", "q")).ExitCode);
        Assert.Equal(("POST /dead-letters/discards", """{"filter":{"queue":"q"}}"""), (api.Requests.Single().Path, api.Requests.Single().Body));
    }
}
