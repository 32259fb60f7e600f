using System.Diagnostics.Metrics;

namespace Pipeline.ServiceDefaults.Dependencies;

/// <summary>Metrics of the circuits in front of databases and the broker (meter <c>Pipeline.Dependencies</c>).</summary>
public sealed class DependencyMetrics
{
    public const string MeterName = "Pipeline.Dependencies";

    private readonly Lock _lock = new();
    private readonly List<DependencyCircuit> _circuits = [];
    private readonly Counter<long> _changes;
    private readonly Counter<long> _refused;

    public DependencyMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _changes = meter.CreateCounter<long>("pipeline.dependency.circuit.changes", "{change}", "Changes of a dependency's circuit breaker, by new state.");
        _refused = meter.CreateCounter<long>("pipeline.dependency.circuit.refused", "{ask}", "Asks that were refused because the dependency's circuit was not closed.");
        meter.CreateObservableGauge("pipeline.dependency.circuit", States, "{state}", "The dependency's circuit breaker: 0 closed, 1 half-open, 2 open.");
    }

    internal void Observe(DependencyCircuit circuit)
    {
        lock (_lock)
        {
            _circuits.Add(circuit);
        }
    }

    internal void Changed(string dependency, string state) => _changes.Add(1, new("dependency", dependency), new("state", state));

    internal void Refused(string dependency) => _refused.Add(1, new KeyValuePair<string, object?>("dependency", dependency));

    private List<Measurement<int>> States()
    {
        lock (_lock)
        {
            return _circuits.ConvertAll(x => new Measurement<int>(x.StateNumber, new KeyValuePair<string, object?>("dependency", x.Dependency)));
        }
    }
}
