using System.Globalization;
using System.Net.Http.Headers;

namespace Pipeline.LlmGateway.Providers;

/// <summary>How long a provider asks to be left alone: <c>retry-after-ms</c>, or <c>retry-after</c> as seconds (also fractions) or as a date.</summary>
internal static class RetryAfter
{
    /// <summary>A provider that asks for more is obeyed for this long and asked again.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    public static TimeSpan? Read(HttpResponseHeaders headers, DateTimeOffset now)
    {
        if (Number(headers, "retry-after-ms") is { } milliseconds)
        {
            return Bounded(milliseconds / 1000);
        }

        if (Number(headers, "retry-after") is { } seconds)
        {
            return Bounded(seconds);
        }

        return headers.RetryAfter?.Date is { } date ? Bounded((date - now).TotalSeconds) : null;
    }

    private static double? Number(HttpResponseHeaders headers, string name) =>
        headers.TryGetValues(name, out var values) && double.TryParse(values.First(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            && double.IsFinite(number)
            ? number
            : null;

    // Rounded up: never earlier than asked.
    private static TimeSpan Bounded(double seconds) => TimeSpan.FromMilliseconds(Math.Ceiling(Math.Clamp(seconds, 0, Longest.TotalSeconds) * 1000));
}
