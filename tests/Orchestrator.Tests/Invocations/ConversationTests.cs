using System.Text.Json;
using Pipeline.Contracts.Completions;
using Pipeline.Contracts.ToolCalls;
using Pipeline.Orchestrator.Invocations;

namespace Pipeline.Orchestrator.Tests.Invocations;

public sealed class ConversationTests
{
    [Fact]
    public void Text_input_is_said_as_text() => Assert.Equal("Where is my money?", Assert.Single(ModelRequestComposer.Conversation([Accepted("\"Where is my money?\"")])).Text);

    [Fact]
    public void An_object_is_said_as_JSON() => Assert.Equal("""{"account":7}""", Assert.Single(ModelRequestComposer.Conversation([Accepted("""{"account":7}""")])).Text);

    [Fact]
    public void Results_stand_in_the_order_of_the_calls_not_of_their_arrival()
    {
        var messages = ModelRequestComposer.Conversation(
        [
            Accepted("\"Hi\""),
            Answered(1, null, "a", "b", "c"),
            Succeeded(1, 2, "third"),
            Failed(1, 0),
            Succeeded(1, 1, "second"),
        ]);

        Assert.Equal([ConversationRole.User, ConversationRole.Assistant, ConversationRole.Tool, ConversationRole.Tool, ConversationRole.Tool], messages.Select(x => x.Role));
        Assert.Equal(["call_0", "call_1", "call_2"], messages.Skip(2).Select(x => x.ToolCallId));
        Assert.Equal(["second", "third"], messages.Skip(3).Select(x => x.Text));
    }

    [Fact]
    public void A_failed_tool_says_error_and_message()
    {
        var message = ModelRequestComposer.Conversation([Accepted("\"Hi\""), Answered(1, null, "a"), Failed(1, 0)])[^1];

        Assert.Equal("""{"error":"tool_timeout","message":"No answer in 5 s."}""", message.Text);
        Assert.True(message.IsError);
    }

    [Fact]
    public void Turns_follow_one_another_and_the_model_hears_what_it_said()
    {
        var messages = ModelRequestComposer.Conversation(
        [
            Accepted("\"Hi\""),
            Answered(1, "Let me see.", "a"),
            Succeeded(1, 0, "one"),
            Answered(2, null, "a"),
            Succeeded(2, 0, "two"),
        ]);

        Assert.Equal(["Hi", "Let me see.", "one", null, "two"], messages.Select(x => x.Text));
        Assert.Equal("a", Assert.Single(messages[1].ToolCalls!).Name);
    }

    private static TimelineEntry Accepted(string input) => Entry(0, TimelineKind.Accepted, new { input = JsonSerializer.Deserialize<JsonElement>(input) });

    private static TimelineEntry Answered(int turn, string? text, params string[] tools) => Entry(turn, TimelineKind.ModelAnswered, new
    {
        text,
        toolCalls = tools.Select((x, index) => new ToolCallRequest { Id = $"call_{index}", Name = x, Arguments = "{}" }),
        usage = new TokenUsage { InputTokens = 1, OutputTokens = 1 },
    });

    private static TimelineEntry Succeeded(int turn, int index, string result) => Entry(turn, TimelineKind.ToolSucceeded, new { index, tool = "x", result });

    private static TimelineEntry Failed(int turn, int index) =>
        Entry(turn, TimelineKind.ToolFailed, new { index, tool = "x", code = "tool_timeout", reason = "No answer in 5 s." });

    private static TimelineEntry Entry(int turn, string kind, object payload) => new() { Turn = turn, Kind = kind, Payload = JsonSerializer.Serialize(payload, JsonSerializerOptions.Web) };
}
