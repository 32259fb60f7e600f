using System.Text;
using Pipeline.LlmGateway.Providers;

namespace Pipeline.LlmGateway.Tests.Providers;

/// <summary>Every documented way to fail, and what it is taken for.</summary>
public sealed class ErrorTableTests
{
    [Theory]
    [InlineData(429, """{"error":{"message":"Rate limit reached for gpt-4.1 in organization org-X on tokens per min (TPM): Limit 30000, Used 18928, Requested 11159. Please try again in 174ms.","type":"tokens","param":null,"code":"rate_limit_exceeded"}}""", "Throttled")]
    [InlineData(429, """{"error":{"message":"… on requests per min (RPM) …","type":"requests","code":"rate_limit_exceeded"}}""", "Throttled")]
    [InlineData(429, """{"error":{"message":"Request too large for gpt-4o in organization org-X on tokens per min (TPM): Limit 30000, Requested 36278.","type":"tokens","code":"rate_limit_exceeded"}}""", "TooLarge")]
    [InlineData(429, """{"error":{"message":"Slow down","type":"rate_limit_error","code":"slow_down"}}""", "SlowDown")]
    [InlineData(429, """{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}""", "QuotaExhausted")]
    [InlineData(429, """{"error":{"message":"…","type":"insufficient_quota","code":"organization_spend_limit_exceeded"}}""", "QuotaExhausted")]
    [InlineData(429, """{"error":{"message":"…","type":"other","code":"billing_hard_limit_reached"}}""", "QuotaExhausted")]
    [InlineData(401, """{"error":{"message":"Incorrect API key provided","type":"invalid_request_error","code":"invalid_api_key"}}""", "KeyRefused")]
    [InlineData(403, """{"error":{"message":"Country not supported","type":"request_forbidden","code":"unsupported_country_region_territory"}}""", "KeyRefused")]
    [InlineData(400, """{"error":{"message":"…","type":"invalid_request_error","code":"context_length_exceeded"}}""", "ContextExceeded")]
    [InlineData(400, """{"error":{"message":"Invalid schema","type":"invalid_request_error","code":null}}""", "Refused")]
    [InlineData(404, """{"error":{"message":"The model does not exist","type":"invalid_request_error","code":"model_not_found"}}""", "Refused")]
    [InlineData(422, """{"error":"plain words"}""", "Refused")]
    [InlineData(307, "", "Refused")]
    [InlineData(413, "<html>Request Entity Too Large</html>", "TooLarge")]
    [InlineData(500, """{"error":{"message":"The server had an error","type":"server_error","code":null}}""", "Unavailable")]
    [InlineData(502, "<html>Bad gateway</html>", "Unavailable")]
    [InlineData(503, """{"error":{"message":"…","type":"service_unavailable_error","code":"server_is_overloaded"}}""", "Overloaded")]
    [InlineData(504, "", "Unavailable")]
    [InlineData(408, "", "Unavailable")]
    public void OpenAi(int status, string body, string kind) => AssertKind("openai", status, body, kind);

    [Theory]
    [InlineData(400, """{"type":"error","error":{"type":"invalid_request_error","message":"tools.0: bad schema"}}""", "Refused")]
    [InlineData(400, """{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}}""", "ContextExceeded")]
    [InlineData(400, """{"type":"error","error":{"type":"invalid_request_error","message":"input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000"}}""", "ContextExceeded")]
    [InlineData(400, """{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API."}}""", "QuotaExhausted")]
    [InlineData(400, """{"type":"error","error":{"type":"invalid_request_error","message":"You have reached your specified API usage limits."}}""", "QuotaExhausted")]
    [InlineData(401, """{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}""", "KeyRefused")]
    [InlineData(402, """{"type":"error","error":{"type":"billing_error","message":"…"}}""", "QuotaExhausted")]
    [InlineData(403, """{"type":"error","error":{"type":"permission_error","message":"…"}}""", "KeyRefused")]
    [InlineData(404, """{"type":"error","error":{"type":"not_found_error","message":"model: x"}}""", "Refused")]
    [InlineData(413, """{"type":"error","error":{"type":"request_too_large","message":"…"}}""", "TooLarge")]
    [InlineData(429, """{"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed the rate limit"}}""", "Throttled")]
    [InlineData(429, """{"type":"error","error":{"type":"rate_limit_error","message":"…","details":{"error_code":"enforced_spend_limit_reached"}}}""", "QuotaExhausted")]
    [InlineData(500, """{"type":"error","error":{"type":"api_error","message":"…"}}""", "Unavailable")]
    [InlineData(504, """{"type":"error","error":{"type":"timeout_error","message":"…"}}""", "Unavailable")]
    [InlineData(529, """{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}""", "Overloaded")]
    public void Anthropic(int status, string body, string kind) => AssertKind("anthropic", status, body, kind);

    [Theory]
    [InlineData(429, """{"error":{"code":"429","message":"Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after 37 seconds."}}""", "Throttled")]
    [InlineData(401, """{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint."}}""", "KeyRefused")]
    [InlineData(404, """{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist."}}""", "Refused")]
    [InlineData(400, """{"error":{"code":"context_length_exceeded","message":"…"}}""", "ContextExceeded")]
    [InlineData(400, """{"error":{"code":"content_filter","message":"…"}}""", "Refused")]
    [InlineData(503, "", "Overloaded")]
    public void Azure(int status, string body, string kind) => AssertKind("azure", status, body, kind);

    private static void AssertKind(string provider, int status, string body, string kind) =>
        Assert.Equal(kind, ModelProtocols.Find(provider)!.Classify(ProviderError.Read(status, Encoding.UTF8.GetBytes(body))).ToString());
}
