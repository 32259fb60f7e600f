namespace Pipeline.LlmGateway.Tests.Fixtures;

/// <summary>What a scripted provider answers.</summary>
internal sealed record ProviderReply(int Status, string Body, params (string Name, string Value)[] Headers)
{
    public static ProviderReply OpenAi(string text = "Hello", int input = 12, int output = 3, int cached = 0) => new(200, $$$"""
        {"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-4.1-mini-2025-04-14",
         "choices":[{"index":0,"message":{"role":"assistant","content":"{{{text}}}","refusal":null},"finish_reason":"stop"}],
         "usage":{"prompt_tokens":{{{input}}},"completion_tokens":{{{output}}},"total_tokens":{{{input + output}}},"prompt_tokens_details":{"cached_tokens": {{{cached}}} } }}
        """);

    public static ProviderReply Anthropic(string text = "Hello") => new(200, $$$"""
        {"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[{"type":"text","text":"{{{text}}}"}],
         "stop_reason":"end_turn","stop_sequence":null,
         "usage":{"input_tokens":10,"cache_creation_input_tokens":20,"cache_read_input_tokens":300,"output_tokens":4}}
        """);

    public static ProviderReply RateLimited(string retryAfter) => new(
        429,
        """{"error":{"message":"Rate limit reached for gpt-4.1 in organization org-X on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 7s.","type":"requests","param":null,"code":"rate_limit_exceeded"}}""",
        ("Retry-After", retryAfter));

    public static ProviderReply Broken(int status = 500) => new(status, """{"error":{"message":"The server had an error","type":"server_error","param":null,"code":null}}""");
}
