using System.Diagnostics.Metrics;
using Pipeline.Orchestrator.Invocations;

namespace Pipeline.Orchestrator.Admission;

/// <summary>Metrics of admission, in the orchestrator's meter.</summary>
internal sealed class AdmissionMetrics : IDisposable
{
    private readonly Meter _meter = new(InvocationMetrics.Name);
    private readonly Counter<long> _decisions;
    private readonly Histogram<double> _retryAfter;

    public AdmissionMetrics(AgentLoads loads, QueueDepths depths)
    {
        _decisions = _meter.CreateCounter<long>("pipeline.admission.decisions", "{submission}", "Submissions decided on, by agent and decision: accepted, accepted_promised, deferred, deferred_early, deferred_no_place, parked, held.");
        _retryAfter = _meter.CreateHistogram<double>("pipeline.admission.retry_after", "s", "Retry-after given, by agent.");
        _meter.CreateObservableGauge("pipeline.admission.open", () => loads.All.Select(x => new Measurement<int>(x.Pacing.Reading.Open, Tag("agent", x.Agent.Name))), "{invocation}", "Open invocations over all replicas, at the last reading.");
        _meter.CreateObservableGauge("pipeline.admission.cap", () => loads.All.Select(x => new Measurement<int>(x.Pacing.Limits.Cap, Tag("agent", x.Agent.Name))), "{invocation}", "The most that may be open.");
        _meter.CreateObservableGauge("pipeline.admission.closed", () => loads.All.Select(x => new Measurement<int>(x.Pacing.IsClosed ? 1 : 0, Tag("agent", x.Agent.Name))), null, "1 while newcomers are deferred.");
        _meter.CreateObservableGauge("pipeline.queue.depth", () => depths.All.Select(x => new Measurement<long>(x.Depth.Ready, Tag("queue", x.Queue.Name), Tag("agent", x.Queue.Agent))), "{message}", "Ready messages, by queue and, where it has one, agent.");
    }

    public void Decided(string agent, string decision) => _decisions.Add(1, Tag("agent", agent), Tag("decision", decision));

    public void Deferred(string agent, DeferralKind kind, int seconds)
    {
        Decided(agent, kind switch
        {
            DeferralKind.Early => "deferred_early",
            DeferralKind.NoPlace => "deferred_no_place",
            _ => "deferred",
        });
        _retryAfter.Record(seconds, Tag("agent", agent));
    }

    public void Dispose() => _meter.Dispose();

    private static KeyValuePair<string, object?> Tag(string name, object? value) => new(name, value);
}
