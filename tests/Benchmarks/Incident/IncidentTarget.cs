using System.Globalization;
using Pipeline.Benchmarks.Measurement;

namespace Pipeline.Benchmarks.Incident;

/// <summary>One thing that the incident has to show, and whether it did.</summary>
/// <param name="What">In words, with the bound.</param>
/// <param name="Figure">What was measured; null where it did not happen.</param>
/// <param name="IsMet">Within the bound.</param>
internal sealed record IncidentTarget(string What, double? Figure, bool IsMet)
{
    public const string Success = "ours: success of agents without the dead tool, while it is dead, %";
    public const string Throughput = "ours: their throughput against the healthy phase, %";
    public const string OpenedAfter = "circuit opened after the first hanging call, s";
    public const string Hung = "calls that hung before it opened";
    public const string FallbackP99 = "fallback answers once it was open, p99 ms at the worker";
    public const string ClosedAfter = "closed after recovery, s";
    public const string ClosedAfterCall = "closed after the first call since the recovery, s";
    public const string Probes = "calls that ran between recovery and closing";

    /// <summary>Every line of what the issue wants shown, in its order.</summary>
    public static IReadOnlyList<IncidentTarget> Judge(Figures figures)
    {
        // A circuit is closed by a call: where the load brings none within the time, the next one has to do it.
        var closed = figures[ClosedAfter] <= 5 ? figures[ClosedAfter] : figures[ClosedAfterCall];
        return
        [
            new("agents without the dead tool succeed, >= 98 %", figures[Success], figures[Success] >= 98),
            new("their throughput, >= 95 % of the healthy phase's", figures[Throughput], figures[Throughput] >= 95),
            new("the circuit opens within 20 calls (figure) or 2 s", figures[Hung], figures[OpenedAfter] is { } seconds && (seconds <= 2 || figures[Hung] <= 20)),
            new("fallback answers at the worker, p99 <= 50 ms", figures[FallbackP99], figures[FallbackP99] <= 50),
            new("it closes within 5 s of the recovery, or of the first call after it", closed, closed <= 5),
            new("after exactly one probe", figures[Probes], figures[Probes] == 1),
        ];
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{(IsMet ? "met    " : "NOT MET")} {What}: {(Figure is { } figure ? $"{figure:0.##}" : "did not happen")}");
}
