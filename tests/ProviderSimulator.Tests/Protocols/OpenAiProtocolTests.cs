using System.ClientModel;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using OpenAI.Chat;
using OpenAI.Models;

namespace Pipeline.ProviderSimulator.Tests.Protocols;

public sealed class OpenAiProtocolTests
{
    private static readonly ChatTool Weather = ChatTool.CreateFunctionTool("get_weather", "The weather of a city", BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"}}}"""));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_plain_question_gets_text_usage_and_a_request_id()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(ToolRules.Json);
        ClientResult<ChatCompletion> result = await server.Chat().CompleteChatAsync([new SystemChatMessage("Be brief."), new UserChatMessage("Hi")], null, Token);
        ChatCompletion answer = result.Value;
        Assert.Equal("Hello from the simulator.", answer.Content[0].Text);
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
        Assert.Equal(SimulatorServer.Model, answer.Model);
        Assert.Equal(3, answer.Usage.InputTokenCount);
        Assert.Equal(7, answer.Usage.OutputTokenCount);
        Assert.Equal(10, answer.Usage.TotalTokenCount);
        Assert.True(result.GetRawResponse().Headers.TryGetValue("x-request-id", out string? id));
        Assert.StartsWith("req_", id, StringComparison.Ordinal);
        Assert.False(result.GetRawResponse().Headers.TryGetValue("x-ratelimit-limit-requests", out _));
    }

    [Fact]
    public async Task A_tool_call_goes_there_and_back()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(ToolRules.Json);
        ChatClient chat = server.Chat();
        List<ChatMessage> messages = [new UserChatMessage("What is the weather in Bern?")];
        ChatCompletionOptions options = new() { Tools = { Weather } };
        ChatCompletion first = await chat.CompleteChatAsync(messages, options, Token);
        Assert.Equal(ChatFinishReason.ToolCalls, first.FinishReason);
        ChatToolCall call = Assert.Single(first.ToolCalls);
        Assert.Equal("get_weather", call.FunctionName);
        Assert.Equal("""{"city":"Bern","days":2}""", call.FunctionArguments.ToString());

        messages.Add(new AssistantChatMessage(first));
        messages.Add(new ToolChatMessage(call.Id, """{"degrees":21}"""));
        ChatCompletion second = await chat.CompleteChatAsync(messages, options, Token);
        Assert.Equal("It is 21 degrees – grüß Gott 🌤.", second.Content[0].Text);
        Assert.Equal(17, second.Usage.OutputTokenCount);
    }

    [Fact]
    public async Task Parallel_tool_calls_are_answered_together()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(ToolRules.Json);
        List<ChatMessage> messages = [new UserChatMessage("Compare Rome and Oslo")];
        ChatCompletion first = await server.Chat().CompleteChatAsync(messages, new ChatCompletionOptions { Tools = { Weather } }, Token);
        Assert.Equal(2, first.ToolCalls.Count);
        Assert.NotEqual(first.ToolCalls[0].Id, first.ToolCalls[1].Id);

        messages.Add(new AssistantChatMessage(first));
        messages.Add(new ToolChatMessage(first.ToolCalls[0].Id, """{"degrees":30}"""));
        messages.Add(new ToolChatMessage(first.ToolCalls[1].Id, """{"degrees":9}"""));
        ChatCompletion second = await server.Chat().CompleteChatAsync(messages, null, Token);
        Assert.Equal("Rome 30, Oslo 9", second.Content[0].Text);
    }

    [Fact]
    public async Task A_stream_carries_text_and_usage()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(ToolRules.Json, new() { ["StreamChunkCharacters"] = "5" });
        var text = new StringBuilder();
        ChatFinishReason? finish = null;
        ChatTokenUsage? usage = null;
        int updates = 0;
        await foreach (StreamingChatCompletionUpdate update in server.Chat().CompleteChatStreamingAsync([new UserChatMessage("Hi")], null, Token))
        {
            updates++;
            text.Append(string.Concat(update.ContentUpdate.Select(c => c.Text)));
            finish ??= update.FinishReason;
            usage ??= update.Usage;
        }

        Assert.Equal("Hello from the simulator.", text.ToString());
        Assert.Equal(ChatFinishReason.Stop, finish);
        Assert.Equal(7, usage?.OutputTokenCount);
        Assert.True(updates >= 6);
    }

    [Fact]
    public async Task A_stream_carries_parallel_tool_calls()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(ToolRules.Json, new() { ["StreamChunkCharacters"] = "4" });
        var arguments = new SortedDictionary<int, string>();
        await foreach (StreamingChatCompletionUpdate update in server.Chat().CompleteChatStreamingAsync([new UserChatMessage("Compare Rome and Oslo")], null, Token))
        {
            foreach (StreamingChatToolCallUpdate part in update.ToolCallUpdates)
            {
                arguments[part.Index] = arguments.GetValueOrDefault(part.Index, "") + part.FunctionArgumentsUpdate;
            }
        }

        Assert.Equal(["""{"city":"Rome"}""", """{"city":"Oslo"}"""], arguments.Values);
    }

    [Fact]
    public async Task Broken_arguments_arrive_as_the_rule_wrote_them()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(ToolRules.Json);
        ChatCompletion answer = await server.Chat().CompleteChatAsync([new UserChatMessage("broken")], null, Token);
        Assert.Equal("{\"city\": \"Ber", answer.ToolCalls[0].FunctionArguments.ToString());
    }

    [Fact]
    public async Task An_empty_answer_is_an_answer()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(ToolRules.Json);
        ChatCompletion answer = await server.Chat().CompleteChatAsync([new UserChatMessage("silent")], null, Token);
        Assert.Equal("", string.Concat(answer.Content.Select(c => c.Text)));
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
    }

    [Fact]
    public async Task Text_beyond_max_tokens_is_cut_and_says_so()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(ToolRules.Json);
        ChatCompletion answer = await server.Chat().CompleteChatAsync([new UserChatMessage("Hi")], new ChatCompletionOptions { MaxOutputTokenCount = 2 }, Token);
        Assert.Equal("Hello fr", answer.Content[0].Text);
        Assert.Equal(ChatFinishReason.Length, answer.FinishReason);
    }

    [Fact]
    public async Task Models_are_listed()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(settings: new() { ["Models:0"] = "gpt-4.1-mini", ["Models:1"] = "gpt-4.1" });
        var client = new OpenAIModelClient(new ApiKeyCredential("k"), new OpenAI.OpenAIClientOptions { Endpoint = new Uri(server.Root, "v1") });
        OpenAIModelCollection models = await client.GetModelsAsync(Token);
        Assert.Equal(["gpt-4.1-mini", "gpt-4.1"], models.Select(m => m.Id));
    }

    [Fact]
    public async Task An_unknown_model_is_404_model_not_found()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(settings: new() { ["Models:0"] = "gpt-4.1" });
        ClientResultException refused = await Assert.ThrowsAsync<ClientResultException>(() => server.Chat(model: "gpt-9").CompleteChatAsync([new UserChatMessage("Hi")], null, Token));
        Assert.Equal(404, refused.Status);
        Assert.Contains("model_not_found", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_key_is_401_invalid_api_key()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(settings: new() { ["Keys:right"] = "org-a" });
        ClientResultException refused = await Assert.ThrowsAsync<ClientResultException>(() => server.Chat("wrong").CompleteChatAsync([new UserChatMessage("Hi")], null, Token));
        Assert.Equal(401, refused.Status);
        Assert.Contains("invalid_api_key", refused.Message, StringComparison.Ordinal);
        ChatCompletion answer = await server.Chat("right").CompleteChatAsync([new UserChatMessage("Hi")], null, Token);
        Assert.NotEmpty(answer.Content);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"text\"")]
    [InlineData("{}")]
    [InlineData("""{"model":7,"messages":[]}""")]
    [InlineData("""{"model":"m","messages":{}}""")]
    [InlineData("""{"model":"m","messages":[]}""")]
    [InlineData("""{"model":"m","messages":[7]}""")]
    [InlineData("""{"model":"m","messages":[null]}""")]
    [InlineData("""{"model":"m","messages":[{"role":"wizard","content":"x"}]}""")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":7}]}""")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":["x"]}]}""")]
    [InlineData("""{"model":"m","max_tokens":-1,"messages":[{"role":"user","content":"x"}]}""")]
    [InlineData("""{"model":"m","max_tokens":1e99,"messages":[{"role":"user","content":"x"}]}""")]
    [InlineData("""{"model":"m","tools":{},"messages":[{"role":"user","content":"x"}]}""")]
    [InlineData("""{"model":"m","tools":[{"function":7}],"messages":[{"role":"user","content":"x"}]}""")]
    [InlineData("""{"model":"m","messages":[{"role":"tool","tool_call_id":"call_1","content":"x"}]}""")]
    [InlineData("""{"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"call_1","function":{"name":"t","arguments":"{}"}}]}]}""")]
    [InlineData("""{"model":"m","messages":[{"role":"assistant","tool_calls":[7]}]}""")]
    public async Task A_hostile_body_is_400_in_the_providers_shape(string body)
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(ToolRules.Json);
        (HttpStatusCode status, JsonElement error) = await PostAsync(server, body);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
        Assert.NotEqual("", error.GetProperty("message").GetString());
    }

    [Fact]
    public async Task A_deep_body_is_400()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync();
        (HttpStatusCode status, _) = await PostAsync(server, new string('[', 100_000));
        Assert.Equal(HttpStatusCode.BadRequest, status);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_beyond_the_limit_is_413(bool lengthIsKnown)
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(settings: new() { ["MaxRequestBytes"] = "2048" });
        string body = $$"""{"model":"m","messages":[{"role":"user","content":"{{new string('x', 4000)}}"}]}""";
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new("Bearer", SimulatorServer.Key);
        request.Headers.TransferEncodingChunked = !lengthIsKnown;
        using HttpResponseMessage response = await server.Http.SendAsync(request, Token);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Equal(1, (await server.SettledLedgerAsync()).GetProperty("verdicts").GetProperty("TooLarge").GetInt64());
    }

    [Fact]
    public async Task A_body_that_breaks_http_is_400_and_booked()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync();
        using var client = new TcpClient();
        await client.ConnectAsync(server.Root.Host, server.Root.Port, Token);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n"u8.ToArray(), Token);
        using var reader = new StreamReader(stream);
        Assert.Equal("HTTP/1.1 400 Bad Request", await reader.ReadLineAsync(Token));
        JsonElement ledger = await server.SettledLedgerAsync();
        Assert.Equal(1, ledger.GetProperty("verdicts").GetProperty("InvalidRequest").GetInt64());
        Assert.Equal("org-simulator", ledger.GetProperty("recent")[0].GetProperty("organisation").GetString());
    }

    [Fact]
    public async Task A_pattern_that_is_too_slow_is_500_and_named()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync("""{ "rules": [ { "name": "evil", "when": { "firstUser": "^(\\w+\\s?)*$" }, "then": { "text": "x" } } ] }""");
        ClientResultException failed = await Assert.ThrowsAsync<ClientResultException>(() => server.Chat().CompleteChatAsync([new UserChatMessage(new string('a', 40) + "!")], null, Token));
        Assert.Equal(500, failed.Status);
        Assert.Contains("simplify '^(\\w+\\s?)*$'", failed.Message, StringComparison.Ordinal);
        Assert.Equal(1, (await server.SettledLedgerAsync()).GetProperty("verdicts").GetProperty("SimulatorError").GetInt64());
    }

    [Fact]
    public async Task A_missing_key_is_401()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync();
        using HttpResponseMessage response = await server.Http.PostAsync("v1/chat/completions", new StringContent("{}"), Token);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    [Fact]
    public async Task Another_path_or_method_is_404_in_the_providers_shape()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync();
        using HttpResponseMessage path = await server.Http.GetAsync("v1/assistants", Token);
        using HttpResponseMessage method = await server.Http.GetAsync("v1/chat/completions", Token);
        Assert.Equal(HttpStatusCode.NotFound, path.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, method.StatusCode);
        Assert.Contains("GET /v1/assistants", await path.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.Equal(2, (await server.SettledLedgerAsync()).GetProperty("verdicts").GetProperty("RouteNotFound").GetInt64());
    }

    [Fact]
    public async Task The_routes_work_under_a_prefix()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(prefix: "/simulator");
        ChatCompletion answer = await server.Chat().CompleteChatAsync([new UserChatMessage("Hi")], null, Token);
        Assert.NotEmpty(answer.Content[0].Text);
        Assert.Equal("live", await server.Http.GetStringAsync("health/live", Token));
        Assert.EndsWith("/simulator/", server.Root.AbsolutePath, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_outage_of_the_rules_is_503_server_is_overloaded()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(ToolRules.Json);
        ClientResultException refused = await Assert.ThrowsAsync<ClientResultException>(() => server.Chat().CompleteChatAsync([new UserChatMessage("unavailable")], null, Token));
        Assert.Equal(503, refused.Status);
        Assert.Contains("service_unavailable_error: server_is_overloaded", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_can_end_in_an_error_or_be_cut()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(ToolRules.Json);
        foreach (string fault in (string[])["stream error", "stream abort"])
        {
            bool finished = false;
            await Assert.ThrowsAnyAsync<Exception>(async () =>
            {
                await foreach (StreamingChatCompletionUpdate update in server.Chat().CompleteChatStreamingAsync([new UserChatMessage(fault)], null, Token))
                {
                    finished |= update.FinishReason is not null;
                }

                // The SDK ignores an error chunk; the missing end is what a caller has to look for.
                Assert.True(finished);
            });
        }

        Assert.Equal(2, (await server.SettledLedgerAsync()).GetProperty("verdicts").GetProperty("FaultAbort").GetInt64());
    }

    private static async Task<(HttpStatusCode Status, JsonElement Error)> PostAsync(SimulatorServer server, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new("Bearer", SimulatorServer.Key);
        using HttpResponseMessage response = await server.Http.SendAsync(request, Token);
        using JsonDocument document = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Token));
        return (response.StatusCode, document.RootElement.GetProperty("error").Clone());
    }
}
