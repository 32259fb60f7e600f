using System.Text.Json;
using Pipeline.Contracts.Completions;
using Pipeline.LlmGateway.Pools;
using Pipeline.LlmGateway.Providers.Anthropic;

namespace Pipeline.LlmGateway.Tests.Providers;

public sealed class AnthropicProtocolTests
{
    private readonly AnthropicProtocol _protocol = new();

    [Fact]
    public void Results_of_parallel_tool_calls_stand_in_one_user_message() => ProtocolJson.AssertWrites(_protocol, ProtocolJson.Conversation, """
        {
          "model": "model-x",
          "max_tokens": 800,
          "system": "You resolve disputes.",
          "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Dispute 17: \"späť\" <b>"}]},
            {"role": "assistant", "content": [
              {"type": "tool_use", "id": "call_1", "name": "find_order", "input": {"order": 17}},
              {"type": "tool_use", "id": "call_2", "name": "find_customer", "input": {"unparsed_arguments": "{\"name\": \"Ann"}}
            ]},
            {"role": "user", "content": [
              {"type": "tool_result", "tool_use_id": "call_1", "content": "{\"total\":12.5}"},
              {"type": "tool_result", "tool_use_id": "call_2", "content": "arguments_invalid: not JSON", "is_error": true},
              {"type": "text", "text": "Go on."}
            ]}
          ],
          "tools": [
            {"name": "find_order", "description": "Finds an order.",
             "input_schema": {"type":"object","properties":{"order":{"type":"integer"}},"required":["order"]}}
          ]
        }
        """);

    [Theory]
    [InlineData("", "{}")]
    [InlineData("[1]", """{"unparsed_arguments":"[1]"}""")]
    [InlineData("null", """{"unparsed_arguments":"null"}""")]
    [InlineData("not json", """{"unparsed_arguments":"not json"}""")]
    public void Arguments_that_are_no_object_are_wrapped(string arguments, string input) => ProtocolJson.AssertWrites(
        _protocol,
        ProtocolJson.Conversation with
        {
            SystemPrompt = "",
            Tools = [],
            Messages = [new ConversationMessage { Role = ConversationRole.Assistant, Text = "So.", ToolCalls = [new() { Id = "1", Name = "f", Arguments = arguments }] }],
        },
        $$"""
        {"model": "model-x", "max_tokens": 800, "messages": [{"role": "assistant", "content": [
          {"type": "text", "text": "So."}, {"type": "tool_use", "id": "1", "name": "f", "input": {{input}}}]}]}
        """);

    [Fact]
    public void Empty_messages_are_left_out_and_neighbours_merged() => ProtocolJson.AssertWrites(
        _protocol,
        ProtocolJson.Conversation with
        {
            SystemPrompt = "",
            Tools = [],
            Messages =
            [
                new ConversationMessage { Role = ConversationRole.User, Text = "One" },
                new ConversationMessage { Role = ConversationRole.Assistant, Text = " " },
                new ConversationMessage { Role = ConversationRole.User, Text = "Two" },
            ],
        },
        """
        {"model": "model-x", "max_tokens": 800, "messages": [{"role": "user", "content": [{"type": "text", "text": "One"}, {"type": "text", "text": "Two"}]}]}
        """);

    [Fact]
    public void An_answer_with_text_thinking_and_tool_calls_is_read()
    {
        var answer = ProtocolJson.Read(_protocol, """
            {"id":"msg_9","type":"message","role":"assistant","model":"claude-sonnet-4-5","stop_reason":"tool_use",
             "content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"Let me "},{"type":"text","text":"look."},
                        {"type":"tool_use","id":"toolu_1","name":"f","input":{"x": 1}},{"type":"tool_use","id":"toolu_2","name":"g","input":{}}],
             "usage":{"input_tokens":10,"cache_creation_input_tokens":20,"cache_read_input_tokens":300,"output_tokens":4}}
            """);

        Assert.Equal("Let me look.", answer.Text);
        Assert.Equal("tool_use", answer.FinishReason);
        Assert.Equal(["toolu_1 f {\"x\": 1}", "toolu_2 g {}"], answer.ToolCalls!.Select(x => $"{x.Id} {x.Name} {x.Arguments}"));
        Assert.Equal((330, 4, 300), (answer.Usage.InputTokens, answer.Usage.OutputTokens, answer.Usage.CachedInputTokens));

        // What came from the cache does not count against the provider's limit.
        Assert.Equal(34, answer.ChargedTokens);
    }

    [Theory]
    [InlineData("\"hi\"", "content")]
    [InlineData("""{"content":"hi"}""", "content")]
    [InlineData("""{"content":[{"text":"hi"}]}""", "type")]
    [InlineData("""{"content":[{"type":"tool_use","id":"1","name":"f","input":"x"}]}""", "input")]
    [InlineData("""{"content":[]}""", "usage")]
    [InlineData("""{"content":[],"usage":{"input_tokens":1}}""", "output_tokens")]
    public void An_answer_of_another_shape_is_named(string answer, string member)
    {
        var failure = Assert.Throws<JsonException>(() => ProtocolJson.Read(_protocol, answer));

        Assert.Contains($"'{member}'", failure.Message);
    }

    [Theory]
    [InlineData("https://api.anthropic.com", "https://api.anthropic.com/v1/messages")]
    [InlineData("https://api.anthropic.com/v1/", "https://api.anthropic.com/v1/messages")]
    [InlineData("http://127.0.0.1:8080/simulator", "http://127.0.0.1:8080/simulator/v1/messages")]
    public void The_address_follows_the_root(string root, string address) => Assert.Equal(address, _protocol.CompletionAddress(new Uri(root), new PoolOptions()).ToString());
}
