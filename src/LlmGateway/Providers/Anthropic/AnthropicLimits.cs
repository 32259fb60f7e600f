using System.Globalization;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using Pipeline.LlmGateway.RateLimits;

namespace Pipeline.LlmGateway.Providers.Anthropic;

/// <summary>Anthropic's limits in headers, <c>anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-{limit,remaining,reset}</c>, and in a refusal's text.</summary>
internal static partial class AnthropicLimits
{
    public static RateLimitHeaders? Read(HttpResponseHeaders headers, ProviderError? error, DateTimeOffset now)
    {
        var requests = Level(headers, "requests", now);
        var input = Level(headers, "input-tokens", now);
        var output = Level(headers, "output-tokens", now);

        // "tokens" repeats whichever of the others is nearest to its end: a limit of its own only where those are absent.
        var tokens = input is null && output is null ? Level(headers, "tokens", now) : null;
        if (error?.Message is { } message && Refusal().Match(message) is { Success: true } refused
            && long.TryParse(refused.Groups["limit"].ValueSpan, NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out var limit))
        {
            var told = HeaderReading.Level(limit, null, null);
            (requests, input, output) = refused.Groups["what"].Value switch
            {
                "requests" => (requests ?? told, input, output),
                "input tokens" => (requests, input ?? told, output),
                _ => (requests, input, output ?? told),
            };
        }

        return requests is null && tokens is null && input is null && output is null
            ? null
            : new RateLimitHeaders { Requests = requests, Tokens = tokens, InputTokens = input, OutputTokens = output };
    }

    private static HeaderLevel? Level(HttpResponseHeaders headers, string what, DateTimeOffset now) => HeaderReading.Level(
        headers.Count($"anthropic-ratelimit-{what}-limit"), headers.Count($"anthropic-ratelimit-{what}-remaining"), headers.Until($"anthropic-ratelimit-{what}-reset", now));

    [GeneratedRegex(@" of (?<limit>[\d,]{1,15}) (?<what>requests|input tokens|output tokens) per minute", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 100)]
    private static partial Regex Refusal();
}
