using System.Net.Http.Headers;
using System.Text.Json;
using Pipeline.Contracts.Completions;
using Pipeline.Contracts.ToolCalls;
using Pipeline.LlmGateway.Pools;
using Pipeline.LlmGateway.RateLimits;

namespace Pipeline.LlmGateway.Providers.OpenAi;

/// <summary>OpenAI's chat completions, which many other endpoints speak too.</summary>
internal sealed class OpenAiProtocol : IModelProtocol
{
    public string Name => "openai";

    public string SectionName => nameof(LlmOptions.OpenAi);

    public string KeyVariable => "OPENAI_API_KEY";

    public string? PublicBaseUrl => BaseUrlExample;

    public string BaseUrlExample => "https://api.openai.com/v1";

    public ChargeModel Charges => ChargeModel.LargerOfPromptAndMaxTokens;

    public VendorOptions VendorOf(LlmOptions options) => options.OpenAi;

    /// <summary>The vendor's root ends with the version; a bare host gets it added.</summary>
    public Uri CompletionAddress(Uri baseUrl, PoolOptions pool)
    {
        var root = baseUrl.AbsoluteUri.TrimEnd('/');
        return new Uri(baseUrl.AbsolutePath == "/" ? $"{root}/v1/chat/completions" : $"{root}/chat/completions");
    }

    public void Authorize(HttpRequestHeaders headers, string apiKey) => headers.Authorization = new AuthenticationHeaderValue("Bearer", apiKey);

    public void WriteRequest(Utf8JsonWriter json, string model, RequestCompletion request)
    {
        json.WriteStartObject();
        json.WriteString("model", model);
        json.WriteNumber("max_completion_tokens", request.MaxOutputTokens);
        json.WriteStartArray("messages");
        if (request.SystemPrompt.Length > 0)
        {
            json.WriteStartObject();
            json.WriteString("role", "system");
            json.WriteString("content", request.SystemPrompt);
            json.WriteEndObject();
        }

        foreach (var message in request.Messages)
        {
            WriteMessage(json, message);
        }

        json.WriteEndArray();
        if (request.Tools.Count > 0)
        {
            json.WriteStartArray("tools");
            foreach (var tool in request.Tools)
            {
                WriteTool(json, tool);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    public ModelAnswer ReadAnswer(JsonElement root)
    {
        var choices = root.RequireArray("choices");
        if (choices.GetArrayLength() == 0)
        {
            throw new JsonException("'choices' is empty");
        }

        var choice = choices[0];
        var message = choice.RequireObject("message");
        var usage = UsageOf(root);
        return new ModelAnswer
        {
            Text = message.OptionalString("content") ?? message.OptionalString("refusal"),
            ToolCalls = ReadToolCalls(message),
            FinishReason = choice.OptionalString("finish_reason"),
            Usage = usage,
            ChargedTokens = usage.InputTokens + usage.OutputTokens,
            Model = root.OptionalString("model"),
            Id = root.OptionalString("id"),
        };
    }

    public TokenUsage? ReadUsage(JsonElement root) => AnswerReading.Try(root, UsageOf);

    public RateLimitHeaders? ReadLimits(HttpResponseHeaders headers, ProviderError? error, DateTimeOffset now) => OpenAiLimits.Read(headers, error);

    public ModelFailureKind Classify(ProviderError error) => error switch
    {
        { Status: 400, Code: "context_length_exceeded" } => ModelFailureKind.ContextExceeded,
        { Status: 429, Type: "insufficient_quota" } => ModelFailureKind.QuotaExhausted,
        {
            Status: 429, Code: "insufficient_quota" or "credit_balance_exhausted" or "organization_spend_limit_exceeded"
                or "project_spend_limit_exceeded" or "organization_usage_limit_exceeded" or "billing_hard_limit_reached"
        } => ModelFailureKind.QuotaExhausted,
        { Status: 429 or 503, Code: "slow_down" } => ModelFailureKind.SlowDown,

        // A request above the whole minute's limit carries the same code as one that only has to wait; the text alone differs.
        { Status: 429 } when error.MessageContains("Request too large") => ModelFailureKind.TooLarge,
        _ => error.KindByStatus(),
    };

    private static TokenUsage UsageOf(JsonElement root)
    {
        var usage = root.RequireObject("usage");
        return new TokenUsage
        {
            InputTokens = usage.RequireCount("prompt_tokens"),
            OutputTokens = usage.RequireCount("completion_tokens"),
            CachedInputTokens = usage.Optional("prompt_tokens_details")?.OptionalCount("cached_tokens") ?? 0,
        };
    }

    private static void WriteMessage(Utf8JsonWriter json, ConversationMessage message)
    {
        json.WriteStartObject();
        switch (message.Role)
        {
            case ConversationRole.Assistant:
                json.WriteString("role", "assistant");
                WriteAssistant(json, message);
                break;
            case ConversationRole.Tool:
                json.WriteString("role", "tool");
                json.WriteString("tool_call_id", message.ToolCallId);
                json.WriteString("content", message.Text ?? "");
                break;
            default:
                json.WriteString("role", "user");
                json.WriteString("content", message.Text ?? "");
                break;
        }

        json.WriteEndObject();
    }

    private static void WriteAssistant(Utf8JsonWriter json, ConversationMessage message)
    {
        if (message.ToolCalls is not { Count: > 0 } calls)
        {
            json.WriteString("content", message.Text ?? "");
            return;
        }

        // Null, not absent, where the model only called tools: as the provider itself answers.
        json.WriteString("content", string.IsNullOrEmpty(message.Text) ? null : message.Text);
        json.WriteStartArray("tool_calls");
        foreach (var call in calls)
        {
            json.WriteStartObject();
            json.WriteString("id", call.Id);
            json.WriteString("type", "function");
            json.WriteStartObject("function");
            json.WriteString("name", call.Name);

            // A string here, so broken JSON goes back to the model as it wrote it.
            json.WriteString("arguments", call.Arguments);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteTool(Utf8JsonWriter json, ToolDescription tool)
    {
        json.WriteStartObject();
        json.WriteString("type", "function");
        json.WriteStartObject("function");
        json.WriteString("name", tool.Name);
        json.WriteString("description", tool.Description);
        json.WritePropertyName("parameters");
        tool.Parameters.WriteTo(json);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static List<ToolCallRequest>? ReadToolCalls(JsonElement message)
    {
        if (message.Optional("tool_calls") is null)
        {
            return null;
        }

        var calls = message.RequireArray("tool_calls");
        var read = new List<ToolCallRequest>(calls.GetArrayLength());
        foreach (var call in calls.EnumerateArray())
        {
            var function = call.RequireObject("function");
            read.Add(new ToolCallRequest { Id = call.RequireString("id"), Name = function.RequireString("name"), Arguments = function.RequireString("arguments") });
        }

        return read.Count > 0 ? read : null;
    }
}
