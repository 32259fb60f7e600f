using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Pipeline.Contracts.Completions;
using Pipeline.Orchestrator.Agents;
using Pipeline.Orchestrator.Persistence;
using Pipeline.SagaStore.Outgoing;

namespace Pipeline.Orchestrator.Invocations;

/// <summary>Writes the next prompt from the timeline.</summary>
internal sealed class ModelRequestComposer(OrchestratorDbContext database, AgentCatalog agents) : IMessageComposer<ModelTurnReference>
{
    public async Task<object?> ComposeAsync(ModelTurnReference reference, CancellationToken cancellationToken)
    {
        var entries = await database.Timeline.AsNoTracking()
            .Where(x => x.InvocationId == reference.InvocationId && x.Turn < reference.Turn)
            .OrderBy(x => x.Seq)
            .ToListAsync(cancellationToken);
        var agent = agents.Get(reference.Agent, reference.AgentVersion);
        return new RequestCompletion
        {
            InvocationId = reference.InvocationId,
            Turn = reference.Turn,
            Tenant = reference.Tenant,
            Agent = reference.Agent,
            Pool = agent.Pool,
            SystemPrompt = agent.SystemPrompt,
            Messages = Conversation(entries),
            Tools = agent.ToolDescriptions,
            MaxOutputTokens = reference.MaxOutputTokens,
            Deadline = new DateTimeOffset(DateTime.SpecifyKind(reference.Deadline, DateTimeKind.Utc)),
            Priority = reference.Priority,
        };
    }

    /// <summary>The conversation as models know it: tool results follow the answer that asked for them, in the order of the calls.</summary>
    internal static List<ConversationMessage> Conversation(IReadOnlyList<TimelineEntry> entries)
    {
        var messages = new List<ConversationMessage>();
        foreach (var turn in entries.GroupBy(x => x.Turn))
        {
            IReadOnlyList<Contracts.ToolCalls.ToolCallRequest> calls = [];
            var results = new SortedDictionary<int, ConversationMessage>();
            foreach (var entry in turn)
            {
                switch (entry.Kind)
                {
                    case TimelineKind.Accepted:
                        messages.Add(new ConversationMessage { Role = ConversationRole.User, Text = InputText(entry) });
                        break;
                    case TimelineKind.ModelAnswered:
                        var answer = JsonSerializer.Deserialize(entry.Payload, TimelineJson.Stored.ModelAnsweredPayload)!;
                        calls = answer.ToolCalls ?? [];
                        messages.Add(new ConversationMessage { Role = ConversationRole.Assistant, Text = answer.Text, ToolCalls = answer.ToolCalls });
                        break;
                    case TimelineKind.ToolSucceeded:
                        var result = JsonSerializer.Deserialize(entry.Payload, TimelineJson.Stored.ToolResultPayload)!;
                        results[result.Index] = new ConversationMessage { Role = ConversationRole.Tool, ToolCallId = calls[result.Index].Id, Text = result.Result };
                        break;
                    case TimelineKind.ToolFailed:
                        var failure = JsonSerializer.Deserialize(entry.Payload, TimelineJson.Stored.ToolFailedPayload)!;
                        results[failure.Index] = new ConversationMessage { Role = ConversationRole.Tool, ToolCallId = calls[failure.Index].Id, Text = ErrorText(failure.Code, failure.Reason), IsError = true };
                        break;
                    case TimelineKind.CallsNotAwaited:
                        var left = JsonSerializer.Deserialize(entry.Payload, TimelineJson.Stored.CallsNotAwaitedPayload)!;
                        foreach (var index in left.Calls)
                        {
                            results[index] = new ConversationMessage { Role = ConversationRole.Tool, ToolCallId = calls[index].Id, Text = ErrorText(left.Code, left.Reason), IsError = true };
                        }

                        break;
                    default:
                        break;
                }
            }

            messages.AddRange(results.Values);
        }

        return messages;
    }

    private static string InputText(TimelineEntry entry)
    {
        var input = JsonSerializer.Deserialize(entry.Payload, TimelineJson.Stored.AcceptedPayload)!.Input;
        return input.ValueKind == JsonValueKind.String ? input.GetString()! : input.GetRawText();
    }

    private static string ErrorText(string code, string reason) =>
        JsonSerializer.Serialize(new Dictionary<string, string> { ["error"] = code, ["message"] = reason }, TimelineJson.Stored.DictionaryStringString);
}
