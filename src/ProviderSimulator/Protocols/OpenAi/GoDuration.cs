using System.Globalization;

namespace Pipeline.ProviderSimulator.Protocols.OpenAi;

/// <summary>Durations as OpenAI writes them in headers and messages: <c>174ms</c>, <c>18.642s</c>, <c>6m0s</c>.</summary>
internal static class GoDuration
{
    public static string Format(TimeSpan duration)
    {
        // Rounded up: who waits exactly this long must not come too early.
        long milliseconds = (long)Math.Ceiling(Math.Max(0, duration.TotalMilliseconds - 0.0005));
        if (milliseconds == 0)
        {
            return "0s";
        }

        if (milliseconds < 1000)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{milliseconds}ms");
        }

        long minutes = milliseconds / 60_000;
        decimal seconds = milliseconds % 60_000 / 1000m;
        return minutes == 0 ? string.Create(CultureInfo.InvariantCulture, $"{seconds:0.###}s")
            : minutes < 60 ? string.Create(CultureInfo.InvariantCulture, $"{minutes}m{seconds:0.###}s")
            : string.Create(CultureInfo.InvariantCulture, $"{minutes / 60}h{minutes % 60}m{seconds:0.###}s");
    }
}
