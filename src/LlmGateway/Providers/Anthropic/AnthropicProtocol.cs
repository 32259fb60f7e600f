using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Pipeline.Contracts.Completions;
using Pipeline.Contracts.ToolCalls;
using Pipeline.LlmGateway.Pools;
using Pipeline.LlmGateway.RateLimits;

namespace Pipeline.LlmGateway.Providers.Anthropic;

/// <summary>Anthropic's messages.</summary>
internal sealed class AnthropicProtocol : IModelProtocol
{
    public string Name => "anthropic";

    public string SectionName => nameof(LlmOptions.Anthropic);

    public string KeyVariable => "ANTHROPIC_API_KEY";

    public string? PublicBaseUrl => BaseUrlExample;

    public string BaseUrlExample => "https://api.anthropic.com";

    public ChargeModel Charges => ChargeModel.InputThenOutput;

    public VendorOptions VendorOf(LlmOptions options) => options.Anthropic;

    /// <summary>The vendor's root ends before the version; one that was given with it is taken too.</summary>
    public Uri CompletionAddress(Uri baseUrl, PoolOptions pool)
    {
        var root = baseUrl.AbsoluteUri.TrimEnd('/');
        return new Uri(root.EndsWith("/v1", StringComparison.Ordinal) ? $"{root}/messages" : $"{root}/v1/messages");
    }

    public void Authorize(HttpRequestHeaders headers, string apiKey)
    {
        headers.Add("x-api-key", apiKey);
        headers.Add("anthropic-version", "2023-06-01");
    }

    public void WriteRequest(Utf8JsonWriter json, string model, RequestCompletion request)
    {
        json.WriteStartObject();
        json.WriteString("model", model);
        json.WriteNumber("max_tokens", request.MaxOutputTokens);
        if (request.SystemPrompt.Length > 0)
        {
            json.WriteString("system", request.SystemPrompt);
        }

        WriteMessages(json, request.Messages);
        if (request.Tools.Count > 0)
        {
            json.WriteStartArray("tools");
            foreach (var tool in request.Tools)
            {
                json.WriteStartObject();
                json.WriteString("name", tool.Name);
                json.WriteString("description", tool.Description);
                json.WritePropertyName("input_schema");
                tool.Parameters.WriteTo(json);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    public ModelAnswer ReadAnswer(JsonElement root)
    {
        StringBuilder? text = null;
        List<ToolCallRequest>? calls = null;
        foreach (var block in root.RequireArray("content").EnumerateArray())
        {
            switch (block.RequireString("type"))
            {
                case "text":
                    (text ??= new StringBuilder()).Append(block.RequireString("text"));
                    break;
                case "tool_use":
                    (calls ??= []).Add(new ToolCallRequest
                    {
                        Id = block.RequireString("id"),
                        Name = block.RequireString("name"),
                        Arguments = block.RequireObject("input").GetRawText(),
                    });
                    break;
                default:
                    // Thinking and whatever blocks come next: nothing that a caller waits for.
                    break;
            }
        }

        var usage = UsageOf(root);
        return new ModelAnswer
        {
            Text = text?.ToString(),
            ToolCalls = calls,
            FinishReason = root.OptionalString("stop_reason"),
            Usage = usage,
            ChargedTokens = usage.InputTokens - usage.CachedInputTokens + usage.OutputTokens,
            Model = root.OptionalString("model"),
            Id = root.OptionalString("id"),
        };
    }

    public TokenUsage? ReadUsage(JsonElement root) => AnswerReading.Try(root, UsageOf);

    public RateLimitHeaders? ReadLimits(HttpResponseHeaders headers, ProviderError? error, DateTimeOffset now) => AnthropicLimits.Read(headers, error, now);

    public ModelFailureKind Classify(ProviderError error) => error switch
    {
        { Code: "enforced_spend_limit_reached" } or { Type: "billing_error" } => ModelFailureKind.QuotaExhausted,
        { Type: "authentication_error" or "permission_error" } => ModelFailureKind.KeyRefused,
        { Type: "request_too_large" } => ModelFailureKind.TooLarge,

        // invalid_request_error is all that a 400 says of these; the text alone tells them apart.
        { Status: 400 } when error.MessageContains("prompt is too long") || error.MessageContains("exceed context limit") => ModelFailureKind.ContextExceeded,
        { Status: 400 } when error.MessageContains("credit balance is too low") || error.MessageContains("API usage limits") =>
            ModelFailureKind.QuotaExhausted,
        _ => error.KindByStatus(),
    };

    private static TokenUsage UsageOf(JsonElement root)
    {
        var usage = root.RequireObject("usage");
        var cached = usage.OptionalCount("cache_read_input_tokens");
        return new TokenUsage
        {
            // This vendor's input_tokens are those beside the cache; ours are all of them.
            InputTokens = usage.RequireCount("input_tokens") + usage.OptionalCount("cache_creation_input_tokens") + cached,
            OutputTokens = usage.RequireCount("output_tokens"),
            CachedInputTokens = cached,
        };
    }

    /// <summary>
    /// Neighbours of one role become one message: the results of parallel tool calls must stand together in the message that follows the calls.
    /// Empty texts are left out; the provider refuses empty blocks.
    /// </summary>
    private static void WriteMessages(Utf8JsonWriter json, IReadOnlyList<ConversationMessage> messages)
    {
        json.WriteStartArray("messages");
        string? open = null;
        foreach (var message in messages.Where(HasContent))
        {
            var role = message.Role == ConversationRole.Assistant ? "assistant" : "user";
            if (role != open)
            {
                if (open is not null)
                {
                    json.WriteEndArray();
                    json.WriteEndObject();
                }

                json.WriteStartObject();
                json.WriteString("role", role);
                json.WriteStartArray("content");
                open = role;
            }

            WriteBlocks(json, message);
        }

        if (open is not null)
        {
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static bool HasContent(ConversationMessage message) =>
        message.Role == ConversationRole.Tool || !string.IsNullOrWhiteSpace(message.Text) || message.ToolCalls is { Count: > 0 };

    private static void WriteBlocks(Utf8JsonWriter json, ConversationMessage message)
    {
        if (message.Role == ConversationRole.Tool)
        {
            json.WriteStartObject();
            json.WriteString("type", "tool_result");
            json.WriteString("tool_use_id", message.ToolCallId);
            if (!string.IsNullOrWhiteSpace(message.Text))
            {
                json.WriteString("content", message.Text);
            }

            if (message.IsError == true)
            {
                json.WriteBoolean("is_error", true);
            }

            json.WriteEndObject();
            return;
        }

        if (!string.IsNullOrWhiteSpace(message.Text))
        {
            json.WriteStartObject();
            json.WriteString("type", "text");
            json.WriteString("text", message.Text);
            json.WriteEndObject();
        }

        foreach (var call in message.Role == ConversationRole.Assistant ? message.ToolCalls ?? [] : [])
        {
            json.WriteStartObject();
            json.WriteString("type", "tool_use");
            json.WriteString("id", call.Id);
            json.WriteString("name", call.Name);
            json.WritePropertyName("input");
            WriteInput(json, call.Arguments);
            json.WriteEndObject();
        }
    }

    /// <summary>
    /// The input must be a JSON object. Arguments that are none are wrapped as <c>{"unparsed_arguments":"…"}</c>, so that the model
    /// still sees what it wrote next to the tool's complaint about it.
    /// </summary>
    private static void WriteInput(Utf8JsonWriter json, string arguments)
    {
        if (string.IsNullOrWhiteSpace(arguments))
        {
            json.WriteStartObject();
            json.WriteEndObject();
            return;
        }

        try
        {
            using var document = JsonDocument.Parse(arguments);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                document.RootElement.WriteTo(json);
                return;
            }
        }
        catch (JsonException)
        {
            // Not JSON: falls through to the wrapping.
        }

        json.WriteStartObject();
        json.WriteString("unparsed_arguments", arguments);
        json.WriteEndObject();
    }
}
