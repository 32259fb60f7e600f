using System.Globalization;
using System.Net.Http.Headers;
using Pipeline.LlmGateway.RateLimits;

namespace Pipeline.LlmGateway.Providers;

/// <summary>
/// Reads rate-limit headers. Providers have sent -1, 0, fractions, other units and nothing at all: what is not a plain count or time is
/// taken for absent, so that nobody upstream has to guard against it.
/// </summary>
internal static class HeaderReading
{
    /// <summary>Above every limit that exists: more is nonsense, and would overflow somewhere.</summary>
    private const long LargestCount = 1_000_000_000_000;

    /// <summary>Limits of a day are whole again after a day at the latest.</summary>
    private static readonly TimeSpan LongestReset = TimeSpan.FromHours(48);

    extension(HttpResponseHeaders headers)
    {
        /// <summary>The count; null where it is absent, negative or no number. Fractions are floored.</summary>
        public long? Count(string name) =>
            headers.Text(name) is { } text && double.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var count)
                && count is >= 0 and <= LargestCount
                ? (long)count
                : null;

        /// <summary>A Go duration such as <c>6m0s</c>, <c>1.5s</c> or <c>12ms</c>; null where it is none.</summary>
        public TimeSpan? Duration(string name) => headers.Text(name) is { } text ? Bounded(GoDuration.Parse(text)) : null;

        /// <summary>How long until an RFC 3339 time; zero where it has passed.</summary>
        /// <param name="name">The header.</param>
        /// <param name="now">Ours. The provider's own, where the answer has a date: the two clocks need not agree.</param>
        public TimeSpan? Until(string name, DateTimeOffset now) =>
            headers.Text(name) is { } text
                && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
                ? Bounded(at - (headers.Date ?? now))
                : null;

        private string? Text(string name) => headers.TryGetValues(name, out var values) ? values.FirstOrDefault()?.Trim() : null;
    }

    /// <summary>The level; null where nothing usable is in it.</summary>
    public static HeaderLevel? Level(long? limit, long? remaining, TimeSpan? reset)
    {
        // A limit of nothing is how some proxies say that they do not know; more left than there is cannot be.
        limit = limit is 0 ? null : limit;
        remaining = remaining > limit ? null : remaining;
        return limit is null && remaining is null ? null : new HeaderLevel(limit, remaining, reset);
    }

    private static TimeSpan? Bounded(TimeSpan? duration) =>
        duration is not { } given || given > LongestReset ? null : given < TimeSpan.Zero ? TimeSpan.Zero : given;
}
