using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pipeline.Contracts.Completions;
using Pipeline.Contracts.ToolCalls;
using Pipeline.LlmGateway.Providers;

namespace Pipeline.LlmGateway.Tests.Providers;

/// <summary>What the golden tests of both vendors share: one conversation, and the comparison of bodies.</summary>
internal static class ProtocolJson
{
    /// <summary>Two parallel tool calls, one with broken arguments, their results, then the user again.</summary>
    public static readonly RequestCompletion Conversation = new()
    {
        InvocationId = Guid.Parse("0190a0b0-0000-7000-8000-000000000001"),
        Turn = 3,
        Tenant = "acme",
        Agent = "dispute-resolver",
        Pool = "default",
        SystemPrompt = "You resolve disputes.",
        Messages =
        [
            new ConversationMessage { Role = ConversationRole.User, Text = "Dispute 17: \"späť\" <b>" },
            new ConversationMessage
            {
                Role = ConversationRole.Assistant,
                ToolCalls =
                [
                    new ToolCallRequest { Id = "call_1", Name = "find_order", Arguments = """{"order": 17}""" },
                    new ToolCallRequest { Id = "call_2", Name = "find_customer", Arguments = """{"name": "Ann""" },
                ],
            },
            new ConversationMessage { Role = ConversationRole.Tool, ToolCallId = "call_1", Text = """{"total":12.5}""" },
            new ConversationMessage { Role = ConversationRole.Tool, ToolCallId = "call_2", Text = "arguments_invalid: not JSON", IsError = true },
            new ConversationMessage { Role = ConversationRole.User, Text = "Go on." },
        ],
        Tools =
        [
            new ToolDescription
            {
                Name = "find_order",
                Description = "Finds an order.",
                Parameters = JsonElement.Parse("""{"type":"object","properties":{"order":{"type":"integer"}},"required":["order"]}"""),
            },
        ],
        MaxOutputTokens = 800,
        Deadline = DateTimeOffset.UnixEpoch,
    };

    public static void AssertWrites(IModelProtocol protocol, RequestCompletion request, string expected)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            protocol.WriteRequest(json, "model-x", request);
        }

        var written = JsonNode.Parse(buffer.WrittenSpan);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), written), $"Written:\n{written}");
    }

    public static ModelAnswer Read(IModelProtocol protocol, string answer) => protocol.ReadAnswer(JsonElement.Parse(answer));
}
