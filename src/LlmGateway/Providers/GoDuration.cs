using System.Buffers;
using System.Globalization;

namespace Pipeline.LlmGateway.Providers;

/// <summary>Durations as OpenAI writes them: numbers with units, largest first, such as <c>1h2m3.5s</c>.</summary>
internal static class GoDuration
{
    private static readonly SearchValues<char> NumberCharacters = SearchValues.Create("0123456789.");

    private static readonly (string Unit, double Seconds)[] Units =
        [("ms", 1e-3), ("us", 1e-6), ("µs", 1e-6), ("ns", 1e-9), ("h", 3600), ("m", 60), ("s", 1)];

    /// <returns>Null where the text is no duration, or one of more than a million hours.</returns>
    public static TimeSpan? Parse(string text)
    {
        var rest = text.AsSpan();
        if (rest.IsEmpty)
        {
            return null;
        }

        double seconds = 0;
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept(NumberCharacters);
            if (digits <= 0 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            {
                return null;
            }

            rest = rest[digits..];
            var unit = UnitOf(rest);
            if (unit.Unit is null)
            {
                return null;
            }

            seconds += number * unit.Seconds;
            rest = rest[unit.Unit.Length..];
        }

        return seconds <= 3.6e9 ? TimeSpan.FromSeconds(seconds) : null;
    }

    private static (string? Unit, double Seconds) UnitOf(ReadOnlySpan<char> text)
    {
        foreach (var unit in Units)
        {
            if (text.StartsWith(unit.Unit, StringComparison.Ordinal))
            {
                return unit;
            }
        }

        return default;
    }
}
