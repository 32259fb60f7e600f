using System.Text.Json;
using Pipeline.LlmGateway.Pools;
using Pipeline.LlmGateway.Providers.OpenAi;

namespace Pipeline.LlmGateway.Tests.Providers;

public sealed class OpenAiProtocolTests
{
    private readonly OpenAiProtocol _protocol = new();

    [Fact]
    public void A_conversation_with_parallel_tool_calls_is_written_as_documented() => ProtocolJson.AssertWrites(_protocol, ProtocolJson.Conversation, """
        {
          "model": "model-x",
          "max_completion_tokens": 800,
          "messages": [
            {"role": "system", "content": "You resolve disputes."},
            {"role": "user", "content": "Dispute 17: \"späť\" <b>"},
            {"role": "assistant", "content": null, "tool_calls": [
              {"id": "call_1", "type": "function", "function": {"name": "find_order", "arguments": "{\"order\": 17}"}},
              {"id": "call_2", "type": "function", "function": {"name": "find_customer", "arguments": "{\"name\": \"Ann"}}
            ]},
            {"role": "tool", "tool_call_id": "call_1", "content": "{\"total\":12.5}"},
            {"role": "tool", "tool_call_id": "call_2", "content": "arguments_invalid: not JSON"},
            {"role": "user", "content": "Go on."}
          ],
          "tools": [
            {"type": "function", "function": {"name": "find_order", "description": "Finds an order.",
              "parameters": {"type":"object","properties":{"order":{"type":"integer"}},"required":["order"]}}}
          ]
        }
        """);

    [Fact]
    public void Without_tools_and_system_prompt_neither_is_written() =>
        ProtocolJson.AssertWrites(_protocol, ProtocolJson.Conversation with { SystemPrompt = "", Tools = [], Messages = [] }, """
            {"model": "model-x", "max_completion_tokens": 800, "messages": []}
            """);

    [Fact]
    public void An_answer_with_tool_calls_is_read()
    {
        var answer = ProtocolJson.Read(_protocol, """
            {"id":"chatcmpl-9","model":"gpt-4.1-2025-04-14","choices":[{"index":0,"finish_reason":"tool_calls","message":{"role":"assistant","content":null,
              "tool_calls":[{"id":"call_a","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}},
                            {"id":"call_b","type":"function","function":{"name":"g","arguments":""}}]}}],
             "usage":{"prompt_tokens":1200,"completion_tokens":40,"total_tokens":1240,"prompt_tokens_details":{"cached_tokens":1024}}}
            """);

        Assert.Null(answer.Text);
        Assert.Equal("tool_calls", answer.FinishReason);
        Assert.Equal(["call_a f {\"x\":1}", "call_b g "], answer.ToolCalls!.Select(x => $"{x.Id} {x.Name} {x.Arguments}"));
        Assert.Equal((1200, 40, 1024), (answer.Usage.InputTokens, answer.Usage.OutputTokens, answer.Usage.CachedInputTokens));
        Assert.Equal(1240, answer.ChargedTokens);
        Assert.Equal(("gpt-4.1-2025-04-14", "chatcmpl-9"), (answer.Model, answer.Id));
    }

    [Fact]
    public void A_refusal_is_the_text()
    {
        var answer = ProtocolJson.Read(_protocol, """
            {"choices":[{"finish_reason":"stop","message":{"content":null,"refusal":"I cannot."}}],"usage":{"prompt_tokens":1,"completion_tokens":1}}
            """);

        Assert.Equal("I cannot.", answer.Text);
    }

    [Theory]
    [InlineData("[]", "choices")]
    [InlineData("{}", "choices")]
    [InlineData("""{"choices":[]}""", "choices")]
    [InlineData("""{"choices":[{"message":"hi"}]}""", "message")]
    [InlineData("""{"choices":[{"message":{"content":"hi"}}]}""", "usage")]
    [InlineData("""{"choices":[{"message":{"content":7}}],"usage":{"prompt_tokens":1,"completion_tokens":1}}""", "content")]
    [InlineData("""{"choices":[{"message":{"content":"hi"}}],"usage":{"prompt_tokens":-1,"completion_tokens":1}}""", "prompt_tokens")]
    [InlineData("""{"choices":[{"message":{"content":"hi"}}],"usage":{"prompt_tokens":1,"completion_tokens":99999999999}}""", "completion_tokens")]
    [InlineData("""{"choices":[{"message":{"tool_calls":[{"id":"a"}]}}],"usage":{"prompt_tokens":1,"completion_tokens":1}}""", "function")]
    public void An_answer_of_another_shape_is_named(string answer, string member)
    {
        var failure = Assert.Throws<JsonException>(() => ProtocolJson.Read(_protocol, answer));

        Assert.Contains($"'{member}'", failure.Message);
    }

    [Theory]
    [InlineData("https://api.openai.com/v1", "https://api.openai.com/v1/chat/completions")]
    [InlineData("https://api.openai.com/v1/", "https://api.openai.com/v1/chat/completions")]
    [InlineData("http://127.0.0.1:8080", "http://127.0.0.1:8080/v1/chat/completions")]
    [InlineData("https://proxy.example/llm/openai", "https://proxy.example/llm/openai/chat/completions")]
    public void The_address_follows_the_root(string root, string address) => Assert.Equal(address, _protocol.CompletionAddress(new Uri(root), new PoolOptions()).ToString());
}
