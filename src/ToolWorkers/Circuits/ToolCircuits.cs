using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;

namespace Pipeline.ToolWorkers.Circuits;

/// <summary>The circuits of the tools that this process serves.</summary>
internal sealed class ToolCircuits
{
    private readonly Dictionary<string, ToolCircuit> _circuits;

    public ToolCircuits(
        ToolCatalog catalog,
        IOptions<ToolsOptions> options,
        CircuitStore store,
        CircuitFleet fleet,
        ToolMetrics metrics,
        TimeProvider time,
        ILogger<ToolCircuit> logger)
    {
        _circuits = catalog.Served.ToDictionary(x => x.Name, x => new ToolCircuit(x, options.Value, store, fleet, metrics, time, logger));
        metrics.ObserveCircuits(
            () => All.Select(x => new Measurement<int>((int)x.View.State, new KeyValuePair<string, object?>("tool", x.Tool.Name))),
            () => All.Select(x => new Measurement<int>(x.Abandoned.Count, new KeyValuePair<string, object?>("tool", x.Tool.Name))));
    }

    public IEnumerable<ToolCircuit> All => _circuits.Values;

    public ToolCircuit this[string tool] => _circuits[tool];

    public ToolCircuit? Find(string tool) => _circuits.GetValueOrDefault(tool);
}
