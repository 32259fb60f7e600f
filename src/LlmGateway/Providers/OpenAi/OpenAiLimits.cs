using System.Globalization;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using Pipeline.LlmGateway.RateLimits;

namespace Pipeline.LlmGateway.Providers.OpenAi;

/// <summary>OpenAI's limits in headers, <c>x-ratelimit-{limit,remaining,reset}-{requests,tokens,project-tokens}</c>, and in a refusal's text. Azure sends some of them.</summary>
internal static partial class OpenAiLimits
{
    public static RateLimitHeaders? Read(HttpResponseHeaders headers, ProviderError? error)
    {
        var requests = Level(headers, "requests");
        var tokens = Tighter(Level(headers, "tokens"), Level(headers, "project-tokens"));
        if (error?.Message is { } message && Refusal().Match(message) is { Success: true } refused && Level(refused) is { } told)
        {
            // The headers are exact; the text only stands in where there are none.
            if (refused.Groups["what"].Value == "RPM")
            {
                requests ??= told;
            }
            else
            {
                tokens ??= told;
            }
        }

        return requests is null && tokens is null ? null : new RateLimitHeaders { Requests = requests, Tokens = tokens };
    }

    private static HeaderLevel? Level(HttpResponseHeaders headers, string what) =>
        HeaderReading.Level(headers.Count($"x-ratelimit-limit-{what}"), headers.Count($"x-ratelimit-remaining-{what}"), headers.Duration($"x-ratelimit-reset-{what}"));

    private static HeaderLevel? Level(Match refused)
    {
        var (limit, used) = (Number(refused.Groups["limit"]), Number(refused.Groups["used"]));
        return HeaderReading.Level(limit, limit - used is >= 0 and var remaining ? remaining : null, null);
    }

    /// <summary>A call must fit both the organisation's limit and its project's: the one with less left is what counts.</summary>
    private static HeaderLevel? Tighter(HeaderLevel? organisation, HeaderLevel? project) =>
        organisation is null ? project
        : project is null ? organisation
        : project.Value.Remaining < organisation.Value.Remaining ? project
        : organisation;

    private static long? Number(Group group) =>
        group.Success && long.TryParse(group.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    [GeneratedRegex(@"\((?<what>TPM|RPM)\): Limit (?<limit>\d{1,12})(, Used (?<used>\d{1,12}))?", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 100)]
    private static partial Regex Refusal();
}
