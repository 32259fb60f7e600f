using System.Text.Json;
using Pipeline.ProviderSimulator.Scripts;

namespace Pipeline.ProviderSimulator.Protocols.Anthropic;

/// <summary>
/// Reads a Messages request. It is as strict about tool_use and tool_result as the provider is: every tool_use has to be
/// answered in the next message, and nothing else may be.
/// </summary>
internal sealed class MessagesRequestReader
{
    private readonly Dictionary<string, (string Tool, string Arguments)> _open = new(StringComparer.Ordinal);
    private readonly List<ToolResult> _results = [];
    private string _system = "";
    private string? _firstUser;
    private string _lastUser = "";
    private int _turn;
    private int _lastResultsStart;
    private int _characters;

    private MessagesRequestReader()
    {
    }

    public static ProviderProblem? Read(JsonElement body, out ModelRequest? request)
    {
        request = null;
        if (body.ValueKind != JsonValueKind.Object)
        {
            return ProviderProblem.Invalid("The request body is not valid JSON: it is not an object.");
        }

        string? model = MessageText.StringMember(body, "model");
        if (string.IsNullOrEmpty(model) || model.Length > 256)
        {
            return ProviderProblem.Invalid("model: Input should be a string of 1 to 256 characters");
        }

        if (MessageText.Member(body, "max_tokens") is not { ValueKind: JsonValueKind.Number } limit || !limit.TryGetInt32(out int maxTokens) || maxTokens < 1)
        {
            return ProviderProblem.Invalid("max_tokens: Field required; input should be an integer greater than or equal to 1");
        }

        if (MessageText.Member(body, "messages") is not { ValueKind: JsonValueKind.Array } messages || messages.GetArrayLength() == 0)
        {
            return ProviderProblem.Invalid("messages: at least one message is required");
        }

        string? system = MessageText.Member(body, "system") is { } prompt ? MessageText.Read(prompt) : "";
        if (system is null)
        {
            return ProviderProblem.Invalid("system: Input should be a valid string or a list of text blocks");
        }

        var reader = new MessagesRequestReader { _characters = system.Length, _system = system };
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

        if (reader._open.Count > 0)
        {
            return reader.OpenCalls(index - 1);
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
            Caller = MessageText.Member(body, "metadata") is { } metadata ? MessageText.StringMember(metadata, "user_id") : null,
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
            return ProviderProblem.Invalid("tools: Input should be a valid list");
        }

        int index = 0;
        foreach (JsonElement tool in tools.EnumerateArray())
        {
            if (string.IsNullOrEmpty(MessageText.StringMember(tool, "name")))
            {
                return ProviderProblem.Invalid($"tools.{index}.name: Field required");
            }

            _characters += tool.GetRawText().Length;
            index++;
        }

        return null;
    }

    private ProviderProblem? ReadMessage(JsonElement message, int index)
    {
        string? role = MessageText.StringMember(message, "role");
        if (role is not ("user" or "assistant" or "system"))
        {
            return ProviderProblem.Invalid($"messages.{index}.role: Input should be 'user', 'assistant' or 'system'");
        }

        if (MessageText.Member(message, "content") is not { } content || MessageText.Read(content) is not { } text || content.ValueKind == JsonValueKind.Null)
        {
            return ProviderProblem.Invalid($"messages.{index}.content: Input should be a valid string or list of content blocks");
        }

        _characters += text.Length;
        if (role == "system")
        {
            _system = _system.Length == 0 ? text : _system + "\n" + text;
            return null;
        }

        JsonElement.ArrayEnumerator blocks = content.ValueKind == JsonValueKind.Array ? content.EnumerateArray() : default;
        return role == "user" ? ReadUser(blocks, text, index) : ReadAssistant(blocks, index);
    }

    private ProviderProblem? ReadUser(JsonElement.ArrayEnumerator blocks, string text, int index)
    {
        int number = 0;
        foreach (JsonElement block in blocks)
        {
            string place = $"messages.{index}.content.{number++}";
            if (MessageText.StringMember(block, "type") != "tool_result")
            {
                continue;
            }

            string? id = MessageText.StringMember(block, "tool_use_id");
            if (id is null || !_open.Remove(id, out (string Tool, string Arguments) call))
            {
                return ProviderProblem.Invalid(
                    $"{place}: unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each `tool_result` block must have a corresponding `tool_use` block in the previous message.");
            }

            string? result = MessageText.Member(block, "content") is { } content ? MessageText.Read(content) : "";
            if (result is null)
            {
                return ProviderProblem.Invalid($"{place}.tool_result.content: Input should be a valid string or list of content blocks");
            }

            _characters += result.Length;
            _results.Add(new ToolResult(call.Tool, call.Arguments, result));
        }

        if (_open.Count > 0)
        {
            return OpenCalls(index - 1);
        }

        if (text.Length > 0)
        {
            _firstUser ??= text;
            _lastUser = text;
        }

        return null;
    }

    private ProviderProblem? ReadAssistant(JsonElement.ArrayEnumerator blocks, int index)
    {
        if (_open.Count > 0)
        {
            return OpenCalls(index - 1);
        }

        _turn++;
        _lastResultsStart = _results.Count;
        int number = 0;
        foreach (JsonElement block in blocks)
        {
            string place = $"messages.{index}.content.{number++}";
            if (MessageText.StringMember(block, "type") != "tool_use")
            {
                continue;
            }

            string? id = MessageText.StringMember(block, "id");
            string? name = MessageText.StringMember(block, "name");
            if (string.IsNullOrEmpty(id) || string.IsNullOrEmpty(name) || MessageText.Member(block, "input") is not { ValueKind: JsonValueKind.Object } input)
            {
                return ProviderProblem.Invalid($"{place}.tool_use: `id` and `name` should be strings and `input` a valid dictionary");
            }

            string arguments = input.GetRawText();
            _characters += name.Length + arguments.Length;
            if (!_open.TryAdd(id, (name, arguments)))
            {
                return ProviderProblem.Invalid($"{place}.tool_use.id: `tool_use` ids must be unique");
            }
        }

        return null;
    }

    private ProviderProblem OpenCalls(int index) => ProviderProblem.Invalid(
        $"messages.{index}: `tool_use` ids were found without `tool_result` blocks immediately after: {string.Join(", ", _open.Keys)}. "
            + "Each `tool_use` block must have a corresponding `tool_result` block in the next message.");
}
