using System.Diagnostics.Metrics;
using Pipeline.LlmGateway.Completions;

namespace Pipeline.LlmGateway.Keys;

/// <summary>The state of every key, by its alias.</summary>
internal sealed class KeyMetrics(IMeterFactory meters)
{
    private readonly Meter _meter = meters.Create(CompletionMetrics.SourceName);

    /// <summary>States as a gauge: 0 ready, 1 rechecking, 2 refused, 3 quota exhausted.</summary>
    public void ObserveKeys(Func<IEnumerable<(string Domain, KeySnapshot Key)>> keys) => _meter.CreateObservableGauge(
        "llmgw.key.state",
        () => keys().Select(x => new Measurement<int>((int)x.Key.State, new("llmgw.domain", x.Domain), new KeyValuePair<string, object?>("llmgw.key", x.Key.Alias))),
        description: "State of a provider key, by alias: 0 ready, 1 rechecking, 2 refused, 3 quota exhausted");
}
