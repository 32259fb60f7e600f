using System.Net;
using System.Text;
using System.Text.Json;
using Anthropic.Exceptions;
using Anthropic.Models.Messages;

namespace Pipeline.ProviderSimulator.Tests.Protocols;

public sealed class AnthropicProtocolTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_plain_question_gets_text_usage_and_a_request_id()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(ToolRules.Json);
        Message answer = await server.Anthropic().Messages.Create(Ask("Hi"), Token);
        Assert.True(answer.Content[0].TryPickText(out TextBlock? text));
        Assert.Equal("Hello from the simulator.", text.Text);
        Assert.Equal("end_turn", answer.StopReason?.Raw());
        Assert.Equal(1, answer.Usage.InputTokens);
        Assert.Equal(7, answer.Usage.OutputTokens);
        Assert.StartsWith("req_", server.AnthropicHeaders["request-id"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tool_call_goes_there_and_back()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(ToolRules.Json);
        Message first = await server.Anthropic().Messages.Create(Ask("What is the weather in Bern?"), Token);
        Assert.Equal("tool_use", first.StopReason?.Raw());
        Assert.True(first.Content[0].TryPickText(out _));
        Assert.True(first.Content[1].TryPickToolUse(out ToolUseBlock? call));
        Assert.Equal("Bern", call.Input["city"].GetString());
        Assert.Equal(2, call.Input["days"].GetInt32());

        Message second = await server.Anthropic().Messages.Create(Continue("What is the weather in Bern?", (call, """{"degrees":21}""")), Token);
        Assert.True(second.Content[0].TryPickText(out TextBlock? text));
        Assert.Equal("It is 21 degrees – grüß Gott 🌤.", text.Text);
        Assert.Equal(17, second.Usage.OutputTokens);
    }

    [Fact]
    public async Task Parallel_tool_calls_are_answered_together()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(ToolRules.Json);
        Message first = await server.Anthropic().Messages.Create(Ask("Compare Rome and Oslo"), Token);
        Assert.True(first.Content[0].TryPickToolUse(out ToolUseBlock? rome));
        Assert.True(first.Content[1].TryPickToolUse(out ToolUseBlock? oslo));
        Message second = await server.Anthropic().Messages.Create(
            Continue("Compare Rome and Oslo", (rome, """{"degrees":30}"""), (oslo, """{"degrees":9}""")), Token);
        Assert.True(second.Content[0].TryPickText(out TextBlock? text));
        Assert.Equal("Rome 30, Oslo 9", text.Text);
    }

    [Fact]
    public async Task A_stream_carries_text_tools_and_usage()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(ToolRules.Json, new() { ["StreamChunkCharacters"] = "5" });
        var text = new StringBuilder();
        var arguments = new StringBuilder();
        long? output = null;
        string? stop = null;
        await foreach (RawMessageStreamEvent next in server.Anthropic().Messages.CreateStreaming(Ask("What is the weather in Bern?"), Token))
        {
            if (next.TryPickContentBlockDelta(out RawContentBlockDeltaEvent? block))
            {
                text.Append(block.Delta.TryPickText(out TextDelta? part) ? part.Text : "");
                arguments.Append(block.Delta.TryPickInputJson(out InputJsonDelta? json) ? json.PartialJson : "");
            }
            else if (next.TryPickDelta(out RawMessageDeltaEvent? end))
            {
                output = end.Usage.OutputTokens;
                stop = end.Delta.StopReason?.Raw();
            }
        }

        Assert.Equal("Let me see.", text.ToString());
        Assert.Equal("""{"city":"Bern","days":2}""", arguments.ToString());
        Assert.Equal("tool_use", stop);
        Assert.True(output > 8);
    }

    [Fact]
    public async Task Broken_arguments_become_an_object_that_no_schema_accepts()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(ToolRules.Json);
        Message answer = await server.Anthropic().Messages.Create(Ask("broken"), Token);
        Assert.True(answer.Content[0].TryPickToolUse(out ToolUseBlock? call));
        Assert.Equal("{\"city\": \"Ber", call.Input["INVALID_JSON"].GetString());
    }

    [Fact]
    public async Task An_empty_answer_has_no_blocks()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(ToolRules.Json);
        Message answer = await server.Anthropic().Messages.Create(Ask("silent"), Token);
        Assert.Empty(answer.Content);
    }

    [Fact]
    public async Task Overload_is_529_with_its_own_exception()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(ToolRules.Json);
        AnthropicApiException refused = await Assert.ThrowsAnyAsync<AnthropicApiException>(() => server.Anthropic().Messages.Create(Ask("overload"), Token));
        Assert.Equal(529, (int)refused.StatusCode);
        Assert.Contains("overloaded_error", refused.ResponseBody, StringComparison.Ordinal);
        Assert.Equal("3", server.AnthropicHeaders["retry-after"]);
    }

    [Fact]
    public async Task A_stream_can_end_in_an_error()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(ToolRules.Json);
        AnthropicSseException broken = await Assert.ThrowsAsync<AnthropicSseException>(async () =>
        {
            await foreach (RawMessageStreamEvent _ in server.Anthropic().Messages.CreateStreaming(Ask("stream error"), Token))
            {
            }
        });
        Assert.Contains("overloaded_error", broken.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Authentication_and_model_errors_have_their_types()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(settings: new() { ["Keys:right"] = "org-a", ["Models:0"] = "claude-x" });
        AnthropicUnauthorizedException key = await Assert.ThrowsAsync<AnthropicUnauthorizedException>(() => server.Anthropic("wrong").Messages.Create(Ask("Hi"), Token));
        Assert.Contains("authentication_error", key.ResponseBody, StringComparison.Ordinal);
        AnthropicNotFoundException model = await Assert.ThrowsAsync<AnthropicNotFoundException>(() => server.Anthropic("right").Messages.Create(Ask("Hi"), Token));
        Assert.Contains("not_found_error", model.ResponseBody, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Models_are_listed()
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(settings: new() { ["Models:0"] = "claude-x" });
        Anthropic.Models.Models.ModelListPage page = await server.Anthropic().Models.List(new(), Token);
        Assert.Equal("claude-x", Assert.Single(page.Items).ID);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}]}""")]
    [InlineData("""{"model":"m","max_tokens":"many","messages":[{"role":"user","content":"x"}]}""")]
    [InlineData("""{"model":"m","max_tokens":9,"messages":7}""")]
    [InlineData("""{"model":"m","max_tokens":9,"messages":[7]}""")]
    [InlineData("""{"model":"m","max_tokens":9,"system":7,"messages":[{"role":"user","content":"x"}]}""")]
    [InlineData("""{"model":"m","max_tokens":9,"tools":7,"messages":[{"role":"user","content":"x"}]}""")]
    [InlineData("""{"model":"m","max_tokens":9,"messages":[{"role":"user"}]}""")]
    [InlineData("""{"model":"m","max_tokens":9,"messages":[{"role":"user","content":null}]}""")]
    [InlineData("""{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1"}]}]}""")]
    [InlineData("""{"model":"m","max_tokens":9,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"n","input":"x"}]}]}""")]
    [InlineData("""{"model":"m","max_tokens":9,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"n","input":{}}]},{"role":"user","content":"x"}]}""")]
    public async Task A_hostile_body_is_400_in_the_providers_shape(string body)
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(ToolRules.Json);
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/messages") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("x-api-key", SimulatorServer.Key);
        using HttpResponseMessage response = await server.Http.SendAsync(request, Token);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        using JsonDocument document = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Token));
        Assert.Equal("error", document.RootElement.GetProperty("type").GetString());
        Assert.Equal("invalid_request_error", document.RootElement.GetProperty("error").GetProperty("type").GetString());
        Assert.StartsWith("req_", document.RootElement.GetProperty("request_id").GetString(), StringComparison.Ordinal);
    }

    internal static MessageCreateParams Ask(string text, int maxTokens = 1000) => new()
    {
        Model = "claude-sonnet-4-5",
        MaxTokens = maxTokens,
        Messages = [new UserMessageParam { Content = text }],
    };

    private static MessageCreateParams Continue(string text, params (ToolUseBlock Call, string Result)[] results) => new()
    {
        Model = "claude-sonnet-4-5",
        MaxTokens = 1000,
        Messages =
        [
            new UserMessageParam { Content = text },
            new AssistantMessageParam { Content = results.Select(r => (ContentBlockParam)new ToolUseBlockParam { ID = r.Call.ID, Name = r.Call.Name, Input = r.Call.Input }).ToList() },
            new UserMessageParam { Content = results.Select(r => (ContentBlockParam)new ToolResultBlockParam { ToolUseID = r.Call.ID, Content = r.Result }).ToList() },
        ],
    };
}
