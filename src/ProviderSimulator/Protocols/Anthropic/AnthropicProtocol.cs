using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Pipeline.ProviderSimulator.Limits;
using Pipeline.ProviderSimulator.Protocols.OpenAi;
using Pipeline.ProviderSimulator.Scripts;

namespace Pipeline.ProviderSimulator.Protocols.Anthropic;

/// <summary>
/// Anthropic's Messages. Input is charged at admission by estimate and corrected at the end; output is charged when it has
/// been produced, so max_tokens does not count (a switch brings the older rule back).
/// </summary>
internal sealed class AnthropicProtocol(IOptions<ProviderSimulatorOptions> options) : IProviderProtocol
{
    /// <summary>Where broken arguments go when an answer is not streamed: <c>input</c> has to be an object.</summary>
    private const string InvalidJsonMember = "INVALID_JSON";

    private const string SpendLimit = "enforced_spend_limit_reached";

    private readonly bool _chargesMaxTokens = options.Value.AnthropicChargesMaxTokens;

    public string Name => "anthropic";

    public string RequestIdHeader => "request-id";

    public string? ReadKey(HttpRequest request)
    {
        string? key = request.Headers["x-api-key"];
        return string.IsNullOrEmpty(key) ? OpenAiProtocol.Bearer(request) : key;
    }

    public ProviderProblem? Read(JsonElement body, out ModelRequest? request) => MessagesRequestReader.Read(body, out request);

    public ChargeModel Charges => _chargesMaxTokens ? ChargeModel.InputAndMaxTokens : ChargeModel.InputThenOutput;

    public void WriteLimitHeaders(IHeaderDictionary headers, in LimitLevels levels, DateTimeOffset now)
    {
        Write(levels.Requests, "requests", 1);
        Write(levels.InputTokens, "input-tokens", 1000);
        Write(levels.OutputTokens, "output-tokens", 1000);
        Write(MostRestrictive(levels), "tokens", 1000);

        void Write(in BucketLevel level, string what, int unit)
        {
            if (level.Limit > 0)
            {
                double remaining = unit == 1 ? Math.Floor(level.Remaining + 1e-6) : Math.Round(level.Remaining / unit, MidpointRounding.AwayFromZero) * unit;
                headers[$"anthropic-ratelimit-{what}-limit"] = level.Limit.ToString(CultureInfo.InvariantCulture);
                headers[$"anthropic-ratelimit-{what}-remaining"] = remaining.ToString(CultureInfo.InvariantCulture);
                headers[$"anthropic-ratelimit-{what}-reset"] =
                    now.Add(TimeSpan.FromSeconds(Math.Ceiling(level.Reset.TotalSeconds))).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
            }
        }
    }

    public void WriteRetryHeaders(IHeaderDictionary headers, TimeSpan retryAfter) =>
        headers["retry-after"] = Math.Max(1, Math.Ceiling(retryAfter.TotalSeconds)).ToString(CultureInfo.InvariantCulture);

    public void WriteProblem(Utf8JsonWriter json, Call call, ProviderProblem problem)
    {
        json.WriteStartObject();
        json.WriteString("type", "error");
        json.WriteStartObject("error");
        json.WriteString("type", ErrorType(problem));
        json.WriteString("message", Message(call, problem));
        if (problem is { Verdict: Verdict.QuotaExhausted, Status: 429 } or { Code: SpendLimit })
        {
            json.WriteStartObject("details");
            json.WriteString("error_code", SpendLimit);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteString("request_id", call.RequestId);
        json.WriteEndObject();
    }

    public void WriteAnswer(Utf8JsonWriter json, Call call, ModelRequest request, ModelAnswer answer)
    {
        json.WriteStartObject();
        WriteFrame(json, call.Ids.Next("msg_"), request);
        json.WriteStartArray("content");
        if (answer.Text.Length > 0)
        {
            json.WriteStartObject();
            json.WriteString("type", "text");
            json.WriteString("text", answer.Text);
            json.WriteEndObject();
        }

        foreach (AnswerToolCall toolCall in answer.ToolCalls)
        {
            json.WriteStartObject();
            json.WriteString("type", "tool_use");
            json.WriteString("id", call.Ids.Next("toolu_"));
            json.WriteString("name", toolCall.Tool);
            json.WritePropertyName("input");
            WriteInput(json, toolCall.Arguments);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("stop_reason", StopReason(answer.Finish));
        json.WriteNull("stop_sequence");
        WriteUsage(json, answer, answer.OutputTokens);
        json.WriteEndObject();
    }

    public IEnumerable<StreamEvent> StreamAnswer(Call call, ModelRequest request, ModelAnswer answer, int chunkCharacters)
    {
        string id = call.Ids.Next("msg_");
        yield return Event("message_start", json =>
        {
            json.WriteStartObject("message");
            WriteFrame(json, id, request);
            json.WriteStartArray("content");
            json.WriteEndArray();
            json.WriteNull("stop_reason");
            json.WriteNull("stop_sequence");
            WriteUsage(json, answer, 1);
            json.WriteEndObject();
        });
        yield return Event("ping", _ => { });
        int index = 0;
        if (answer.Text.Length > 0)
        {
            yield return Block("content_block_start", index, "content_block", json =>
            {
                json.WriteString("type", "text");
                json.WriteString("text", "");
            });
            foreach (string text in TextChunks.Of(answer.Text, chunkCharacters))
            {
                yield return Block("content_block_delta", index, "delta", json =>
                {
                    json.WriteString("type", "text_delta");
                    json.WriteString("text", text);
                });
            }

            yield return Block("content_block_stop", index++, null, null);
        }

        foreach (AnswerToolCall toolCall in answer.ToolCalls)
        {
            yield return Block("content_block_start", index, "content_block", json =>
            {
                json.WriteString("type", "tool_use");
                json.WriteString("id", call.Ids.Next("toolu_"));
                json.WriteString("name", toolCall.Tool);
                json.WriteStartObject("input");
                json.WriteEndObject();
            });
            foreach (string part in TextChunks.Of(toolCall.Arguments, chunkCharacters))
            {
                yield return Block("content_block_delta", index, "delta", json =>
                {
                    json.WriteString("type", "input_json_delta");
                    json.WriteString("partial_json", part);
                });
            }

            yield return Block("content_block_stop", index++, null, null);
        }

        yield return Event("message_delta", json =>
        {
            json.WriteStartObject("delta");
            json.WriteString("stop_reason", StopReason(answer.Finish));
            json.WriteNull("stop_sequence");
            json.WriteEndObject();
            json.WriteStartObject("usage");
            json.WriteNumber("output_tokens", answer.OutputTokens);
            json.WriteEndObject();
        });
        yield return Event("message_stop", _ => { });
    }

    public StreamEvent StreamProblem(Call call, ProviderProblem problem) => new("error", json => WriteProblem(json, call, problem));

    private static StreamEvent Event(string name, Action<Utf8JsonWriter> writeMembers) => new(name, json =>
    {
        json.WriteStartObject();
        json.WriteString("type", name);
        writeMembers(json);
        json.WriteEndObject();
    });

    private static StreamEvent Block(string name, int index, string? member, Action<Utf8JsonWriter>? write) => Event(name, json =>
    {
        json.WriteNumber("index", index);
        if (member is not null)
        {
            json.WriteStartObject(member);
            write?.Invoke(json);
            json.WriteEndObject();
        }
    });

    private static void WriteFrame(Utf8JsonWriter json, string id, ModelRequest request)
    {
        json.WriteString("id", id);
        json.WriteString("type", "message");
        json.WriteString("role", "assistant");
        json.WriteString("model", request.Model);
    }

    private static void WriteInput(Utf8JsonWriter json, string arguments)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(arguments);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                document.RootElement.WriteTo(json);
                return;
            }
        }
        catch (JsonException)
        {
            // A rule sends broken arguments on purpose.
        }

        json.WriteStartObject();
        json.WriteString(InvalidJsonMember, arguments);
        json.WriteEndObject();
    }

    private static void WriteUsage(Utf8JsonWriter json, ModelAnswer answer, int output)
    {
        json.WriteStartObject("usage");
        json.WriteNumber("input_tokens", answer.InputTokens - answer.CachedTokens);
        json.WriteNumber("cache_creation_input_tokens", 0);
        json.WriteNumber("cache_read_input_tokens", answer.CachedTokens);
        json.WriteNumber("output_tokens", output);
        json.WriteString("service_tier", "standard");
        json.WriteEndObject();
    }

    // The headers show the limit that is nearest to its end.
    private static BucketLevel MostRestrictive(in LimitLevels levels)
    {
        BucketLevel most = levels.Tokens;
        foreach (BucketLevel level in (ReadOnlySpan<BucketLevel>)[levels.InputTokens, levels.OutputTokens])
        {
            if (level.Limit > 0 && (most.Limit == 0 || level.Remaining / level.Limit < most.Remaining / most.Limit))
            {
                most = level;
            }
        }

        return most;
    }

    private static string StopReason(FinishReason reason) => reason switch
    {
        FinishReason.ToolCalls => "tool_use",
        FinishReason.Length => "max_tokens",
        FinishReason.ContentFilter => "refusal",
        _ => "end_turn",
    };

    private static string ErrorType(ProviderProblem problem) => problem.Status switch
    {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        409 => "conflict_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        529 => "overloaded_error",
        >= 500 => "api_error",
        _ => "invalid_request_error",
    };

    private static string Message(Call call, ProviderProblem problem)
    {
        if (problem.Message.Length > 0)
        {
            return problem.Message;
        }

        return problem.Verdict switch
        {
            Verdict.ConcurrencyLimited => "Number of concurrent connections has exceeded your rate limit. Please try again later or contact sales at "
                + "https://www.anthropic.com/contact-sales to discuss your options for a rate limit increase.",
            Verdict.RequestLimited or Verdict.TokenLimited or Verdict.NeverFits => string.Create(CultureInfo.InvariantCulture,
                $"This request would exceed the rate limit for your organization ({call.Organisation}) of {problem.Refusal?.Limit:N0} {Unit(problem.Refusal)} per minute. ")
                + "For details, refer to: https://docs.claude.com/en/api/rate-limits. You can see the response headers for current usage. "
                + "Please reduce the prompt length or the maximum tokens requested, or try again later.",
            Verdict.SlowDown => $"This request would exceed your organization's ({call.Organisation}) maximum usage increase rate for input tokens per minute. "
                + "Please scale up your usage more gradually.",
            Verdict.ContextTooLong => $"prompt is too long: {problem.Refusal?.Requested} tokens > {problem.Refusal?.Limit} maximum",
            Verdict.QuotaExhausted when problem.Status == 402 => "Your credit balance is too low to access the API.",
            Verdict.QuotaExhausted => "You have reached your specified API usage limits.",
            Verdict.Unauthenticated => "invalid x-api-key",
            Verdict.ModelNotFound => $"model: {call.Model}",
            _ => problem.Status switch
            {
                429 => $"This request would exceed the rate limit for your organization ({call.Organisation}).",
                529 => "Overloaded",
                _ => "Internal server error",
            },
        };
    }

    private static string Unit(LimitRefusal? refusal) => refusal?.Dimension switch
    {
        LimitDimension.Requests => "requests",
        LimitDimension.InputTokens => "input tokens",
        LimitDimension.OutputTokens => "output tokens",
        _ => "tokens",
    };
}
