using System.Text.Json;
using Pipeline.ProviderSimulator.Scripts;

namespace Pipeline.ProviderSimulator.Protocols.OpenAi;

/// <summary>
/// Reads a chat completion request. It is as strict about the order of tool calls and tool messages as the provider is:
/// a transcript that the real API would refuse must not pass here.
/// </summary>
internal sealed class ChatRequestReader
{
    private readonly Dictionary<string, (string Tool, string Arguments)> _open = new(StringComparer.Ordinal);
    private readonly List<ToolResult> _results = [];
    private string _system = "";
    private string? _firstUser;
    private string _lastUser = "";
    private int _turn;
    private int _lastResultsStart;
    private int _characters;

    private ChatRequestReader()
    {
    }

    public static ProviderProblem? Read(JsonElement body, out ModelRequest? request)
    {
        request = null;
        if (body.ValueKind != JsonValueKind.Object)
        {
            return ProviderProblem.Invalid("We could not parse the JSON body of your request: the body is not a JSON object.");
        }

        string? model = MessageText.StringMember(body, "model");
        if (string.IsNullOrEmpty(model) || model.Length > 256)
        {
            return ProviderProblem.Invalid("you must provide a model parameter of 1 to 256 characters", "model");
        }

        if (MessageText.Member(body, "messages") is not { ValueKind: JsonValueKind.Array } messages || messages.GetArrayLength() == 0)
        {
            return ProviderProblem.Invalid("Missing required parameter: 'messages' must be a list with at least one message.", "messages");
        }

        int? maxTokens = null;
        foreach (string name in (ReadOnlySpan<string>)["max_completion_tokens", "max_tokens"])
        {
            if (MessageText.Member(body, name) is not { ValueKind: not JsonValueKind.Null } value)
            {
                continue;
            }

            if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt32(out int number) || number < 1)
            {
                return ProviderProblem.Invalid($"Invalid type for '{name}': expected an integer of at least 1.", name);
            }

            maxTokens ??= number;
        }

        if (MessageText.Member(body, "n") is { ValueKind: JsonValueKind.Number } n && n.GetDouble() != 1)
        {
            return ProviderProblem.Invalid("The simulator answers with one choice only; send no 'n', or 1.", "n");
        }

        var reader = new ChatRequestReader();
        if (reader.ReadTools(body) is { } toolProblem)
        {
            return toolProblem;
        }

        int index = 0;
        foreach (JsonElement message in messages.EnumerateArray())
        {
            if (reader.ReadMessage(message, index++) is { } problem)
            {
                return problem;
            }
        }

        if (reader.OpenCalls(index) is { } open)
        {
            return open;
        }

        request = new ModelRequest
        {
            Model = model,
            System = reader._system,
            FirstUser = reader._firstUser ?? "",
            LastUser = reader._lastUser,
            Turn = reader._turn,
            Results = reader._results,
            LastResultsStart = reader._lastResultsStart,
            PromptCharacters = reader._characters,
            MaxTokens = maxTokens,
            Stream = MessageText.Member(body, "stream") is { ValueKind: JsonValueKind.True },
            StreamUsage = MessageText.Member(body, "stream_options") is { } options && MessageText.Member(options, "include_usage") is { ValueKind: JsonValueKind.True },
            Caller = MessageText.StringMember(body, "user"),
        };
        return null;
    }

    private ProviderProblem? ReadTools(JsonElement body)
    {
        if (MessageText.Member(body, "tools") is not { ValueKind: not JsonValueKind.Null } tools)
        {
            return null;
        }

        if (tools.ValueKind != JsonValueKind.Array)
        {
            return ProviderProblem.Invalid("Invalid type for 'tools': expected an array of objects.", "tools");
        }

        int index = 0;
        foreach (JsonElement tool in tools.EnumerateArray())
        {
            if (MessageText.Member(tool, "function") is not { } function || string.IsNullOrEmpty(MessageText.StringMember(function, "name")))
            {
                return ProviderProblem.Invalid($"Missing required parameter: 'tools[{index}].function.name'.", $"tools[{index}].function");
            }

            _characters += tool.GetRawText().Length;
            index++;
        }

        return null;
    }

    private ProviderProblem? ReadMessage(JsonElement message, int index)
    {
        string? role = MessageText.StringMember(message, "role");
        string? text = MessageText.Member(message, "content") is { } content ? MessageText.Read(content) : "";
        if (text is null)
        {
            return ProviderProblem.Invalid($"Invalid type for 'messages[{index}].content': expected a string or an array of objects.", $"messages[{index}].content");
        }

        _characters += text.Length;
        if (role is "tool")
        {
            return ReadToolMessage(message, text, index);
        }

        if (OpenCalls(index) is { } open)
        {
            return open;
        }

        switch (role)
        {
            case "system" or "developer":
                _system = _system.Length == 0 ? text : _system + "\n" + text;
                return null;
            case "user":
                _firstUser ??= text;
                _lastUser = text;
                return null;
            case "assistant":
                _turn++;
                _lastResultsStart = _results.Count;
                return ReadToolCalls(message, index);
            default:
                return ProviderProblem.Invalid(
                    $"Invalid value: '{role}'. Supported values are: 'system', 'developer', 'user', 'assistant', and 'tool'.", $"messages[{index}].role");
        }
    }

    private ProviderProblem? ReadToolCalls(JsonElement message, int index)
    {
        if (MessageText.Member(message, "tool_calls") is not { ValueKind: JsonValueKind.Array } calls)
        {
            return null;
        }

        int number = 0;
        foreach (JsonElement call in calls.EnumerateArray())
        {
            string place = $"messages[{index}].tool_calls[{number++}]";
            JsonElement? function = MessageText.Member(call, "function");
            string? id = MessageText.StringMember(call, "id");
            string? name = function is { } f ? MessageText.StringMember(f, "name") : null;
            string? arguments = function is { } g ? MessageText.StringMember(g, "arguments") : null;
            if (string.IsNullOrEmpty(id) || string.IsNullOrEmpty(name) || arguments is null)
            {
                return ProviderProblem.Invalid($"Missing required parameter: '{place}' needs 'id', 'function.name' and 'function.arguments' as strings.", place);
            }

            _characters += name.Length + arguments.Length;
            if (!_open.TryAdd(id, (name, arguments)))
            {
                return ProviderProblem.Invalid($"Duplicate value for 'tool_call_id' of '{id}' in message {index}.", place);
            }
        }

        return null;
    }

    private ProviderProblem? ReadToolMessage(JsonElement message, string text, int index)
    {
        string? id = MessageText.StringMember(message, "tool_call_id");
        if (id is null || !_open.Remove(id, out (string Tool, string Arguments) call))
        {
            return ProviderProblem.Invalid(
                "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.", $"messages.[{index}].role");
        }

        _results.Add(new ToolResult(call.Tool, call.Arguments, text));
        return null;
    }

    private ProviderProblem? OpenCalls(int index) => _open.Count == 0 ? null : ProviderProblem.Invalid(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. "
            + $"The following tool_call_ids did not have response messages: {string.Join(", ", _open.Keys)}",
        $"messages.[{index}].role");
}
