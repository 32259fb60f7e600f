using System.Globalization;
using System.Text;
using Pipeline.Benchmarks.Measurement;

namespace Pipeline.Benchmarks.Incident;

/// <summary>Draws what both designs finished in each second, smoothed over five, as SVG.</summary>
internal static class IncidentChart
{
    private const int Width = 900;
    private const int Height = 340;
    private const int Left = 56;
    private const int Top = 40;
    private const int Bottom = 40;

    public static string Draw(IncidentSettings settings, IReadOnlyList<Figures> seconds)
    {
        var peak = Math.Max(1, Math.Max(Smooth(seconds, "ours").Max(), Smooth(seconds, "naive").Max()) * 1.15);
        var svg = new StringBuilder();
        Add($"""<svg xmlns="http://www.w3.org/2000/svg" width="{Width}" height="{Height}" font-family="sans-serif" font-size="12">""");
        Add($"""<rect width="{Width}" height="{Height}" fill="#ffffff"/>""");
        var (from, to) = (X(settings.Healthy.TotalSeconds), X((settings.Healthy + settings.Dead).TotalSeconds));
        Add($"""<rect x="{from:F1}" y="{Top}" width="{to - from:F1}" height="{Height - Top - Bottom}" fill="#fbe3e0"/>""");
        Add($"""<text x="{from + 6:F1}" y="{Top + 14}" fill="#a33">one tool hangs</text>""");
        Add($"""<text x="{Left}" y="20" font-size="14">Invocations finished with success, per second: {IncidentSettings.InvocationsPerDay * settings.Scale:N0} a day</text>""");
        for (var line = 0; line <= 4; line++)
        {
            var value = peak * line / 4;
            Add($"""<line x1="{Left}" x2="{Width - 20}" y1="{Y(value):F1}" y2="{Y(value):F1}" stroke="#ddd"/><text x="{Left - 6}" y="{Y(value) + 4:F1}" text-anchor="end">{value:F1}</text>""");
        }

        for (var second = 0; second <= settings.All.TotalSeconds; second += 15)
        {
            Add($"""<text x="{X(second):F1}" y="{Height - Bottom + 16}" text-anchor="middle">{second} s</text>""");
        }

        Line("naive", "#c0392b", "naive: ten waiting agents, no breaker", Width - 560);
        Line("ours", "#1f6fb2", "this pipeline's tool workers", Width - 240);
        Add($"</svg>");
        return svg.ToString();

        void Line(string name, string colour, string label, int at)
        {
            var points = string.Join(' ', Smooth(seconds, name).Select((value, second) => string.Create(CultureInfo.InvariantCulture, $"{X(second + 0.5):F1},{Y(value):F1}")));
            Add($"""<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>""");
            Add($"""<text x="{at}" y="{Height - 6}" fill="{colour}">— {label}</text>""");
        }

        double X(double second) => Left + (second / settings.All.TotalSeconds * (Width - Left - 20));
        double Y(double value) => Height - Bottom - (value / peak * (Height - Top - Bottom));
        void Add(FormattableString text) => svg.Append(text.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }

    private static double[] Smooth(IReadOnlyList<Figures> seconds, string name) =>
        [.. seconds.Select((_, at) => seconds.Skip(Math.Max(0, at - 2)).Take(Math.Min(at, 2) + 3).Average(x => x[name] ?? 0))];
}
