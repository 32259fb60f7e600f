using System.Net.Http.Headers;
using System.Text;
using Pipeline.LlmGateway.Providers;
using Pipeline.LlmGateway.RateLimits;

namespace Pipeline.LlmGateway.Tests.Providers;

/// <summary>What each vendor says of its limits, as recorded from it, and what of that is believed.</summary>
public sealed class RateLimitHeaderTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 25, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void OpenAi_limits_are_read_with_go_durations()
    {
        var read = Read("openai",
            ("x-ratelimit-limit-requests", "5000"), ("x-ratelimit-remaining-requests", "4999"), ("x-ratelimit-reset-requests", "12ms"),
            ("x-ratelimit-limit-tokens", "160000"), ("x-ratelimit-remaining-tokens", "158866"), ("x-ratelimit-reset-tokens", "425ms"));

        Assert.Equal(new HeaderLevel(5000, 4999, TimeSpan.FromMilliseconds(12)), read!.Requests);
        Assert.Equal(new HeaderLevel(160000, 158866, TimeSpan.FromMilliseconds(425)), read.Tokens);
        Assert.Null(read.InputTokens);
        Assert.Null(read.OutputTokens);
    }

    [Theory]
    [InlineData("9000", "100", 100)]
    [InlineData("50", "100", 50)]
    public void Of_organisation_and_project_the_one_with_less_left_counts(string organisation, string project, int remaining)
    {
        var read = Read("openai",
            ("x-ratelimit-limit-tokens", "10000"), ("x-ratelimit-remaining-tokens", organisation),
            ("x-ratelimit-limit-project-tokens", "2000"), ("x-ratelimit-remaining-project-tokens", project), ("x-ratelimit-reset-project-tokens", "1m0s"));

        Assert.Equal(remaining, read!.Tokens!.Value.Remaining);
    }

    [Fact]
    public void Azure_only_says_what_remains()
    {
        var read = Read("azure", ("x-ratelimit-remaining-requests", "9"), ("x-ratelimit-remaining-tokens", "970"));

        Assert.Equal(new HeaderLevel(null, 9, null), read!.Requests);
        Assert.Equal(new HeaderLevel(null, 970, null), read.Tokens);
    }

    [Fact]
    public void Anthropic_limits_are_read_by_the_providers_own_clock()
    {
        // Ours is an hour behind; the difference of the two times that the provider gave is what counts.
        var read = Read("anthropic",
            ("Date", "Wed, 25 Nov 2026 13:00:00 GMT"),
            ("anthropic-ratelimit-requests-limit", "1000"), ("anthropic-ratelimit-requests-remaining", "999"), ("anthropic-ratelimit-requests-reset", "2026-11-25T13:00:01Z"),
            ("anthropic-ratelimit-input-tokens-limit", "30000"), ("anthropic-ratelimit-input-tokens-remaining", "12000"), ("anthropic-ratelimit-input-tokens-reset", "2026-11-25T13:00:36Z"),
            ("anthropic-ratelimit-output-tokens-limit", "8000"), ("anthropic-ratelimit-output-tokens-remaining", "8000"), ("anthropic-ratelimit-output-tokens-reset", "2026-11-25T12:59:59Z"),
            ("anthropic-ratelimit-tokens-limit", "8000"), ("anthropic-ratelimit-tokens-remaining", "8000"));

        Assert.Equal(new HeaderLevel(1000, 999, TimeSpan.FromSeconds(1)), read!.Requests);
        Assert.Equal(new HeaderLevel(30000, 12000, TimeSpan.FromSeconds(36)), read.InputTokens);
        Assert.Equal(new HeaderLevel(8000, 8000, TimeSpan.Zero), read.OutputTokens);
        Assert.Null(read.Tokens);
    }

    [Theory]
    [InlineData("-1", "-1", "soon")]
    [InlineData("", "", "")]
    [InlineData("many", "NaN", "5")]
    [InlineData("1e400", "99999999999999999999", "1x2y")]
    [InlineData("0", "Infinity", "-5s")]
    public void Nonsense_is_taken_for_absent(string limit, string remaining, string reset)
    {
        Assert.Null(Read("openai",
            ("x-ratelimit-limit-tokens", limit), ("x-ratelimit-remaining-tokens", remaining), ("x-ratelimit-reset-tokens", reset)));
        Assert.Null(Read("anthropic",
            ("anthropic-ratelimit-tokens-limit", limit), ("anthropic-ratelimit-tokens-remaining", remaining), ("anthropic-ratelimit-tokens-reset", reset)));
    }

    [Fact]
    public void More_left_than_there_is_is_not_believed() =>
        Assert.Equal(new HeaderLevel(100, null, null), Read("openai", ("x-ratelimit-limit-tokens", "100"), ("x-ratelimit-remaining-tokens", "200"))!.Tokens);

    [Theory]
    [InlineData("12ms", 12)]
    [InlineData("1s", 1000)]
    [InlineData("6m0s", 360_000)]
    [InlineData("16m17.764s", 977_764)]
    [InlineData("1h0m0.5s", 3_600_500)]
    [InlineData("0s", 0)]
    [InlineData("1h30m", 5_400_000)]
    public void Go_durations_are_read(string text, double milliseconds) => Assert.Equal(milliseconds, GoDuration.Parse(text)!.Value.TotalMilliseconds);

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("s")]
    [InlineData("1.2.3s")]
    [InlineData("1d")]
    [InlineData("-1s")]
    [InlineData("1s later")]
    [InlineData("999999999999h")]
    public void What_is_no_go_duration_is_none(string text) => Assert.Null(GoDuration.Parse(text));

    [Fact]
    public void A_refusals_text_stands_in_for_missing_headers()
    {
        var openAi = ReadError("openai", 429, """{"error":{"message":"Rate limit reached for gpt-4.1 in organization org-X on tokens per min (TPM): Limit 30000, Used 18928, Requested 11159. Please try again in 174ms.","type":"tokens","code":"rate_limit_exceeded"}}""");
        var anthropic = ReadError("anthropic", 429, """{"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed the rate limit for your organization (uuid) of 30,000 input tokens per minute."}}""");
        var tooLarge = ReadError("openai", 429, """{"error":{"message":"Request too large for gpt-4o in organization org-X on tokens per min (TPM): Limit 30000, Requested 36278.","type":"tokens","code":"rate_limit_exceeded"}}""");

        Assert.Equal(new HeaderLevel(30000, 30000 - 18928, null), openAi!.Tokens);
        Assert.Equal(new HeaderLevel(30000, null, null), anthropic!.InputTokens);
        Assert.Equal(new HeaderLevel(30000, null, null), tooLarge!.Tokens);
    }

    private static RateLimitHeaders? Read(string provider, params (string Name, string Value)[] headers) =>
        ModelProtocols.Find(provider)!.ReadLimits(Headers(headers), null, Now);

    private static RateLimitHeaders? ReadError(string provider, int status, string body) =>
        ModelProtocols.Find(provider)!.ReadLimits(Headers([]), ProviderError.Read(status, Encoding.UTF8.GetBytes(body)), Now);

    private static HttpResponseHeaders Headers((string Name, string Value)[] headers)
    {
        var response = new HttpResponseMessage();
        foreach (var (name, value) in headers)
        {
            Assert.True(response.Headers.TryAddWithoutValidation(name, value));
        }

        return response.Headers;
    }
}
