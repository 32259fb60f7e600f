using System.Text.Json;
using Anthropic.Models.Messages;
using OpenAI.Chat;
using Pipeline.ProviderSimulator.Tests.Protocols;

namespace Pipeline.ProviderSimulator.Tests.Samples;

/// <summary>The same cases as a gateway would play them: over HTTP, with the official SDKs, the transcript sent back each turn.</summary>
public sealed class PaymentDisputesOverHttpTests
{
    private const int MaxTurns = 12;
    private const string SystemPrompt = "You resolve payment disputes for a bank.";

    private static readonly JsonElement Accounts = SampleFiles.Accounts();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public Task Every_case_ends_as_expected_over_the_openai_protocol() => PlayAllAsync(PlayOpenAiAsync);

    [Fact]
    public Task Every_case_ends_as_expected_over_the_anthropic_protocol() => PlayAllAsync(PlayAnthropicAsync);

    private static async Task PlayAllAsync(Func<SimulatorServer, string, DisputeTools, Task<string?>> play)
    {
        await using SimulatorServer server = await SimulatorServer.StartAsync(File.ReadAllText(SampleFiles.Path("model-rules.json")), new() { ["LatencyFactor"] = "0" });
        await Parallel.ForEachAsync(SampleFiles.Disputes(), Token, async (dispute, _) =>
        {
            JsonElement input = dispute.GetProperty("invocation").GetProperty("input");
            JsonElement expect = dispute.GetProperty("expect");
            var tools = new DisputeTools(Accounts);
            string? output = await play(server, input.ValueKind == JsonValueKind.String ? input.GetString()! : JsonSerializer.Serialize(input), tools);

            // The budgets are the orchestrator's; here a case that exceeds one just never comes to an end.
            Assert.Equal(expect.GetProperty("event").GetString() == "completed", output is not null);
            Assert.Equal(
                expect.GetProperty("refunds").EnumerateArray().Select(r => (r.GetProperty("transactionId").GetString()!, r.GetProperty("amountCents").GetInt32())),
                tools.Refunds);
            if (output is not null)
            {
                Assert.All(expect.GetProperty("outputContains").EnumerateArray(), part => Assert.Contains(part.GetString()!, output, StringComparison.Ordinal));
            }
        });
    }

    private static async Task<string?> PlayOpenAiAsync(SimulatorServer server, string input, DisputeTools tools)
    {
        ChatClient chat = server.Chat();
        List<ChatMessage> messages = [new SystemChatMessage(SystemPrompt), new UserChatMessage(input)];
        for (int turn = 0; turn < MaxTurns; turn++)
        {
            ChatCompletion answer = await chat.CompleteChatAsync(messages, null, Token);
            if (answer.FinishReason == ChatFinishReason.Stop)
            {
                return string.Concat(answer.Content.Select(c => c.Text));
            }

            messages.Add(new AssistantChatMessage(answer));
            messages.AddRange(answer.ToolCalls.Select(c => new ToolChatMessage(c.Id, tools.Call(c.FunctionName, c.FunctionArguments.ToString()))));
        }

        return null;
    }

    private static async Task<string?> PlayAnthropicAsync(SimulatorServer server, string input, DisputeTools tools)
    {
        Anthropic.AnthropicClient client = server.Anthropic();
        List<MessageParam> messages = [new UserMessageParam { Content = input }];
        for (int turn = 0; turn < MaxTurns; turn++)
        {
            Message answer = await client.Messages.Create(AnthropicProtocolTests.Ask("") with { System = SystemPrompt, Messages = messages }, Token);
            if (answer.StopReason?.Raw() == "end_turn")
            {
                return string.Concat(answer.Content.Select(c => c.TryPickText(out TextBlock? text) ? text.Text : ""));
            }

            List<ContentBlockParam> asked = [];
            List<ContentBlockParam> results = [];
            foreach (ContentBlock block in answer.Content)
            {
                if (block.TryPickText(out TextBlock? text))
                {
                    asked.Add(new TextBlockParam { Text = text.Text });
                }
                else if (block.TryPickToolUse(out ToolUseBlock? call))
                {
                    asked.Add(new ToolUseBlockParam { ID = call.ID, Name = call.Name, Input = call.Input });
                    results.Add(new ToolResultBlockParam { ToolUseID = call.ID, Content = tools.Call(call.Name, JsonSerializer.Serialize(call.Input)) });
                }
            }

            messages.Add(new AssistantMessageParam { Content = asked });
            messages.Add(new UserMessageParam { Content = results });
        }

        return null;
    }
}
