using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Pipeline.ToolWorkers;

/// <summary>Every metric and span of the tool workers.</summary>
internal sealed class ToolMetrics
{
    public const string MeterName = "Pipeline.ToolWorkers";

    public static readonly ActivitySource Spans = new(MeterName);

    private readonly Meter _meter;
    private readonly Counter<long> _calls;
    private readonly Histogram<double> _duration;
    private readonly Counter<long> _changes;
    private readonly Counter<long> _storeFailures;
    private readonly Counter<long> _reloads;
    private readonly Counter<long> _fallbacks;
    private readonly Counter<long> _unservedStandIns;

    public ToolMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        _calls = _meter.CreateCounter<long>("pipeline.tool.calls", "{call}", "Answered tool calls, by tool and outcome.");
        _duration = _meter.CreateHistogram<double>("pipeline.tool.duration", "s", "How long a tool ran.");
        _changes = _meter.CreateCounter<long>("pipeline.tool.circuit.changes", "{change}", "Changes of a tool's circuit breaker, by new state.");
        _storeFailures = _meter.CreateCounter<long>("pipeline.tool.circuit.store.failures", "{failure}", "Circuits that could not be agreed on with the other processes: the database did not answer.");
        _reloads = _meter.CreateCounter<long>("pipeline.tool.manifest.reloads", "{reload}", "Manifests read again while running, by result: applied or refused.");
        _fallbacks = _meter.CreateCounter<long>("pipeline.tool.fallbacks", "{answer}", "Calls answered by a fallback, by tool, kind and why.");
        _unservedStandIns = _meter.CreateCounter<long>("pipeline.tool.stand_in.unserved", "{call}", "Calls that another tool was to answer which nobody serves, by tool and other tool.");
    }

    /// <param name="tool">The tool.</param>
    /// <param name="outcome"><c>succeeded</c>, <c>fallback</c>, or a failure code.</param>
    /// <param name="repeated">True where a recorded answer was sent again.</param>
    public void Answered(string tool, string outcome, bool repeated) =>
        _calls.Add(1, new("tool", tool), new("outcome", outcome), new("repeated", repeated));

    public void Ran(string tool, TimeSpan duration, string? error) =>
        _duration.Record(duration.TotalSeconds, new("tool", tool), new("error", error ?? ""));

    public void CircuitChanged(string tool, string state) => _changes.Add(1, new("tool", tool), new("state", state));

    public void CircuitStoreFailed() => _storeFailures.Add(1);

    /// <param name="result"><c>applied</c> or <c>refused</c>.</param>
    public void ManifestsReloaded(string result) => _reloads.Add(1, new KeyValuePair<string, object?>("result", result));

    public void FellBack(string tool, string kind, string code) => _fallbacks.Add(1, new("tool", tool), new("kind", kind), new("code", code));

    public void StandInUnserved(string tool, string other) => _unservedStandIns.Add(1, new("tool", tool), new("other", other));

    /// <summary>State as a number for graphs: 0 closed, 1 half-open, 2 open, 3 isolated.</summary>
    public void ObserveCircuits(Func<IEnumerable<Measurement<int>>> states, Func<IEnumerable<Measurement<int>>> abandoned)
    {
        _meter.CreateObservableGauge("pipeline.tool.circuit.state", states, "{state}", "The tool's circuit breaker: 0 closed, 1 half-open, 2 open, 3 isolated.");
        _meter.CreateObservableGauge("pipeline.tool.abandoned", abandoned, "{call}", "Calls that passed their time limit and still run.");
    }

    public static Activity? StartExecution(string tool, string callId, Guid invocationId)
    {
        var span = Spans.StartActivity($"execute_tool {tool}");
        span?.SetTag("gen_ai.operation.name", "execute_tool");
        span?.SetTag("gen_ai.tool.name", tool);
        span?.SetTag("gen_ai.tool.type", "function");
        span?.SetTag("gen_ai.tool.call.id", callId);
        span?.SetTag("pipeline.invocation.id", invocationId);
        return span;
    }
}
