using System.Globalization;
using System.Text;
using Pipeline.Benchmarks.Measurement;

namespace Pipeline.Benchmarks.Incident;

/// <summary>Draws what both designs finished in each second, smoothed over five, as SVG.</summary>
internal static class IncidentChart
{
    private const int Width = 900;
    private const int Height = 380;
    private const int Left = 64;
    private const int Top = 64;
    private const int Bottom = 48;
    private const int Right = 24;

    public static string Draw(IncidentSettings settings, IReadOnlyList<Figures> seconds)
    {
        var peak = Math.Max(1, Math.Max(Smooth(seconds, "ours").Max(), Smooth(seconds, "naive").Max()) * 1.15);
        var svg = new StringBuilder();
        Add($"""<svg xmlns="http://www.w3.org/2000/svg" width="{Width}" height="{Height}" font-family="sans-serif" font-size="12">""");
        Add($"""<rect width="{Width}" height="{Height}" fill="#ffffff"/>""");
        var (from, to) = (X(settings.Healthy.TotalSeconds), X((settings.Healthy + settings.Dead).TotalSeconds));
        Add($"""<rect x="{from:F1}" y="{Top}" width="{to - from:F1}" height="{Height - Top - Bottom}" fill="#fbe3e0"/>""");
        Add($"""<text x="{(from + to) / 2:F1}" y="{Top + 16}" fill="#a33" text-anchor="middle">one tool hangs</text>""");
        Add($"""<text x="{Left}" y="22" font-size="15" font-weight="bold">One tool hangs: what still finishes, at {IncidentSettings.InvocationsPerDay * settings.Scale:N0} invocations a day</text>""");
        for (var line = 0; line <= 4; line++)
        {
            var value = peak * line / 4;
            Add($"""<line x1="{Left}" x2="{Width - Right}" y1="{Y(value):F1}" y2="{Y(value):F1}" stroke="#ddd"/><text x="{Left - 6}" y="{Y(value) + 4:F1}" text-anchor="end">{value:F1}</text>""");
        }

        var step = (int)Math.Max(5, Math.Round(settings.All.TotalSeconds / 60) * 5);
        for (var second = 0; second <= settings.All.TotalSeconds; second += step)
        {
            Add($"""<text x="{X(second):F1}" y="{Height - Bottom + 16}" text-anchor="middle">{second}</text>""");
        }

        Add($"""<text x="{(Left + Width - Right) / 2}" y="{Height - 8}" text-anchor="middle">seconds since the beginning</text>""");
        Add($"""<text x="16" y="{(Top + Height - Bottom) / 2}" text-anchor="middle" transform="rotate(-90 16 {(Top + Height - Bottom) / 2})">finished with success, per second</text>""");
        Line("naive", "#c0392b", "naive: ten waiting agents, no breaker", Left + 250);
        Line("ours", "#1f6fb2", "this pipeline's tool workers", Left);
        Add($"</svg>");
        return svg.ToString();

        void Line(string name, string colour, string label, int at)
        {
            var points = string.Join(' ', Smooth(seconds, name).Select((value, second) => string.Create(CultureInfo.InvariantCulture, $"{X(second + 0.5):F1},{Y(value):F1}")));
            Add($"""<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>""");
            Add($"""<line x1="{at}" x2="{at + 24}" y1="42" y2="42" stroke="{colour}" stroke-width="3"/><text x="{at + 30}" y="46">{label}</text>""");
        }

        double X(double second) => Left + (second / settings.All.TotalSeconds * (Width - Left - Right));
        double Y(double value) => Height - Bottom - (value / peak * (Height - Top - Bottom));
        void Add(FormattableString text) => svg.Append(text.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }

    private static double[] Smooth(IReadOnlyList<Figures> seconds, string name) =>
        [.. seconds.Select((_, at) => seconds.Skip(Math.Max(0, at - 2)).Take(Math.Min(at, 2) + 3).Average(x => x[name] ?? 0))];
}
