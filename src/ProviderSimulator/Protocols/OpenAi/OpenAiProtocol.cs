using System.Globalization;
using System.Text.Json;
using Pipeline.ProviderSimulator.Limits;
using Pipeline.ProviderSimulator.Scripts;

namespace Pipeline.ProviderSimulator.Protocols.OpenAi;

/// <summary>
/// OpenAI's chat completions. Charged at admission, and for good: max(max_tokens, estimate of the prompt); what the answer
/// really takes is billed but does not move the buckets.
/// </summary>
internal sealed class OpenAiProtocol : IProviderProtocol
{
    /// <summary>The codes of an account without money; none of them may be tried again.</summary>
    private static readonly HashSet<string> BillingCodes =
    [
        "insufficient_quota", "credit_balance_exhausted", "organization_spend_limit_exceeded", "project_spend_limit_exceeded", "organization_usage_limit_exceeded",
        "billing_hard_limit_reached",
    ];

    private const string LimitsPage = "https://platform.openai.com/account/rate-limits";

    public string Name => "openai";

    public string RequestIdHeader => "x-request-id";

    public string? ReadKey(HttpRequest request) => Bearer(request);

    public ProviderProblem? Read(JsonElement body, out ModelRequest? request) => ChatRequestReader.Read(body, out request);

    public ChargeModel Charges => ChargeModel.LargerOfPromptAndMaxTokens;

    public void WriteLimitHeaders(IHeaderDictionary headers, in LimitLevels levels, DateTimeOffset now)
    {
        Write(levels.Requests, "requests");
        Write(levels.Tokens, "tokens");
        Write(levels.ProjectTokens, "project-tokens");

        void Write(in BucketLevel level, string what)
        {
            if (level.Limit > 0)
            {
                headers[$"x-ratelimit-limit-{what}"] = level.Limit.ToString(CultureInfo.InvariantCulture);
                headers[$"x-ratelimit-remaining-{what}"] = Math.Floor(level.Remaining + 1e-6).ToString(CultureInfo.InvariantCulture);
                headers[$"x-ratelimit-reset-{what}"] = GoDuration.Format(level.Reset);
            }
        }
    }

    public void WriteRetryHeaders(IHeaderDictionary headers, TimeSpan retryAfter)
    {
        headers["retry-after"] = Math.Max(1, Math.Ceiling(retryAfter.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        headers["retry-after-ms"] = Math.Ceiling(retryAfter.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
    }

    public void WriteProblem(Utf8JsonWriter json, Call call, ProviderProblem problem)
    {
        (string type, string? code) = TypeAndCode(problem);
        json.WriteStartObject();
        json.WriteStartObject("error");
        json.WriteString("message", Message(call, problem));
        json.WriteString("type", type);
        json.WriteString("param", problem.Param);
        json.WriteString("code", code);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public void WriteAnswer(Utf8JsonWriter json, Call call, ModelRequest request, ModelAnswer answer)
    {
        json.WriteStartObject();
        WriteFrame(json, call, call.Ids.Next("chatcmpl-"), request, "chat.completion");
        json.WriteStartArray("choices");
        json.WriteStartObject();
        json.WriteNumber("index", 0);
        json.WriteStartObject("message");
        json.WriteString("role", "assistant");
        json.WriteString("content", answer.Text.Length == 0 && answer.ToolCalls.Count > 0 ? null : answer.Text);
        json.WriteNull("refusal");
        if (answer.ToolCalls.Count > 0)
        {
            json.WriteStartArray("tool_calls");
            foreach (AnswerToolCall toolCall in answer.ToolCalls)
            {
                json.WriteStartObject();
                WriteToolCall(json, call.Ids.Next("call_"), toolCall.Tool, toolCall.Arguments);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.WriteNull("logprobs");
        json.WriteString("finish_reason", Finish(answer.Finish));
        json.WriteEndObject();
        json.WriteEndArray();
        WriteUsage(json, answer);
        json.WriteEndObject();
    }

    public IEnumerable<StreamEvent> StreamAnswer(Call call, ModelRequest request, ModelAnswer answer, int chunkCharacters)
    {
        string id = call.Ids.Next("chatcmpl-");
        yield return Chunk(delta =>
        {
            delta.WriteString("role", "assistant");
            delta.WriteString("content", "");
        });

        foreach (string text in TextChunks.Of(answer.Text, chunkCharacters))
        {
            yield return Chunk(delta => delta.WriteString("content", text));
        }

        for (int index = 0; index < answer.ToolCalls.Count; index++)
        {
            int position = index;
            AnswerToolCall toolCall = answer.ToolCalls[index];
            string toolCallId = call.Ids.Next("call_");
            yield return Chunk(delta => WriteToolCallDelta(delta, position, () => WriteToolCall(delta, toolCallId, toolCall.Tool, "")));
            foreach (string part in TextChunks.Of(toolCall.Arguments, chunkCharacters))
            {
                yield return Chunk(delta => WriteToolCallDelta(delta, position, () =>
                {
                    delta.WriteStartObject("function");
                    delta.WriteString("arguments", part);
                    delta.WriteEndObject();
                }));
            }
        }

        yield return Chunk(_ => { }, Finish(answer.Finish));
        if (request.StreamUsage)
        {
            yield return new StreamEvent(null, json =>
            {
                json.WriteStartObject();
                WriteFrame(json, call, id, request, "chat.completion.chunk");
                json.WriteStartArray("choices");
                json.WriteEndArray();
                WriteUsage(json, answer);
                json.WriteEndObject();
            });
        }

        yield return new StreamEvent(null, null);

        StreamEvent Chunk(Action<Utf8JsonWriter> writeDelta, string? finish = null) => new(null, json =>
        {
            json.WriteStartObject();
            WriteFrame(json, call, id, request, "chat.completion.chunk");
            json.WriteStartArray("choices");
            json.WriteStartObject();
            json.WriteNumber("index", 0);
            json.WriteStartObject("delta");
            writeDelta(json);
            json.WriteEndObject();
            json.WriteNull("logprobs");
            json.WriteString("finish_reason", finish);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    public StreamEvent StreamProblem(Call call, ProviderProblem problem) => new(null, json => WriteProblem(json, call, problem));

    internal static string? Bearer(HttpRequest request)
    {
        string? header = request.Headers.Authorization;
        return header is not null && header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? header[7..].Trim() : null;
    }

    private static void WriteFrame(Utf8JsonWriter json, Call call, string id, ModelRequest request, string kind)
    {
        json.WriteString("id", id);
        json.WriteString("object", kind);
        json.WriteNumber("created", call.At.ToUnixTimeSeconds());
        json.WriteString("model", request.Model);
        json.WriteString("service_tier", "default");
        json.WriteString("system_fingerprint", "fp_simulator");
    }

    private static void WriteToolCall(Utf8JsonWriter json, string id, string tool, string arguments)
    {
        json.WriteString("id", id);
        json.WriteString("type", "function");
        json.WriteStartObject("function");
        json.WriteString("name", tool);
        json.WriteString("arguments", arguments);
        json.WriteEndObject();
    }

    private static void WriteToolCallDelta(Utf8JsonWriter delta, int index, Action writeMembers)
    {
        delta.WriteStartArray("tool_calls");
        delta.WriteStartObject();
        delta.WriteNumber("index", index);
        writeMembers();
        delta.WriteEndObject();
        delta.WriteEndArray();
    }

    private static void WriteUsage(Utf8JsonWriter json, ModelAnswer answer)
    {
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", answer.InputTokens);
        json.WriteNumber("completion_tokens", answer.OutputTokens);
        json.WriteNumber("total_tokens", answer.InputTokens + answer.OutputTokens);
        json.WriteStartObject("prompt_tokens_details");
        json.WriteNumber("cached_tokens", answer.CachedTokens);
        json.WriteNumber("audio_tokens", 0);
        json.WriteEndObject();
        json.WriteStartObject("completion_tokens_details");
        json.WriteNumber("reasoning_tokens", 0);
        json.WriteNumber("audio_tokens", 0);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static string Finish(FinishReason reason) => reason switch
    {
        FinishReason.ToolCalls => "tool_calls",
        FinishReason.Length => "length",
        FinishReason.ContentFilter => "content_filter",
        _ => "stop",
    };

    private static (string Type, string? Code) TypeAndCode(ProviderProblem problem) => (problem.Verdict, problem.Status, problem.Code) switch
    {
        (Verdict.SlowDown, _, _) or (_, _, "slow_down") => ("rate_limit_error", "slow_down"),
        (Verdict.QuotaExhausted, _, _) => ("insufficient_quota", string.IsNullOrEmpty(problem.Code) ? "insufficient_quota" : problem.Code),
        (_, _, { } code) when BillingCodes.Contains(code) => ("insufficient_quota", code),
        (Verdict.ContextTooLong, _, _) => ("invalid_request_error", "context_length_exceeded"),
        (Verdict.RequestLimited or Verdict.ConcurrencyLimited, _, _) => ("requests", "rate_limit_exceeded"),
        (Verdict.TokenLimited or Verdict.NeverFits, _, _) => ("tokens", "rate_limit_exceeded"),
        (Verdict.ModelNotFound, _, _) => ("invalid_request_error", "model_not_found"),
        (_, 401, _) => ("invalid_request_error", problem.Code ?? "invalid_api_key"),
        (_, 404, _) => ("invalid_request_error", problem.Code),
        (_, 429, _) => ("requests", problem.Code ?? "rate_limit_exceeded"),
        (_, 503, _) => ("service_unavailable_error", problem.Code ?? "server_is_overloaded"),
        (_, >= 500, _) => ("server_error", problem.Code),
        _ => ("invalid_request_error", problem.Code),
    };

    private static string Message(Call call, ProviderProblem problem)
    {
        if (problem.Message.Length > 0)
        {
            return problem.Message;
        }

        LimitRefusal? refusal = problem.Refusal;
        string what = refusal?.Dimension == LimitDimension.Requests ? "requests per min (RPM)" : "tokens per min (TPM)";
        return problem.Verdict switch
        {
            Verdict.ConcurrencyLimited => $"Too many concurrent requests for {call.Model} in organization {call.Organisation}: Limit {refusal?.Limit}. Please try again later. Visit {LimitsPage} to learn more.",
            Verdict.NeverFits => $"Request too large for {call.Model} in organization {call.Organisation} on {what}: Limit {refusal?.Limit}, Requested {refusal?.Requested}. "
                + $"The input or output tokens must be reduced in order to run successfully. Visit {LimitsPage} to learn more.",
            Verdict.RequestLimited or Verdict.TokenLimited => $"Rate limit reached for {call.Model} in organization {call.Organisation} on {what}: Limit {refusal?.Limit}, Used {refusal?.Used}, "
                + $"Requested {refusal?.Requested}. Please try again in {GoDuration.Format(refusal?.RetryAfter ?? TimeSpan.Zero)}. Visit {LimitsPage} to learn more.",
            Verdict.SlowDown => "Your requests have grown faster than permitted. Please reduce your request rate and increase it gradually. "
                + $"Visit {LimitsPage} to learn more.",
            Verdict.ContextTooLong => $"This model's maximum context length is {refusal?.Limit} tokens. However, your request asks for {refusal?.Requested} tokens. Please reduce the length of the messages or completion.",
            Verdict.QuotaExhausted => "You exceeded your current quota, please check your plan and billing details. "
                + "For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.",
            Verdict.Unauthenticated => "Incorrect API key provided. You can find your API key at https://platform.openai.com/account/api-keys.",
            Verdict.ModelNotFound => $"The model `{call.Model}` does not exist or you do not have access to it.",
            _ => problem.Status switch
            {
                429 => $"Rate limit reached for {call.Model} in organization {call.Organisation} on requests per min (RPM). Please try again in {GoDuration.Format(problem.RetryAfter ?? TimeSpan.FromSeconds(1))}. Visit {LimitsPage} to learn more.",
                503 => "The server is currently overloaded with other requests. Sorry about that! You can retry your request after a brief wait.",
                _ => "The server had an error while processing your request. Sorry about that!",
            },
        };
    }
}
