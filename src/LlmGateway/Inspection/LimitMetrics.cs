using System.Diagnostics.Metrics;
using Pipeline.LlmGateway.Completions;
using Pipeline.LlmGateway.Ownership;
using Pipeline.LlmGateway.RateLimits;

namespace Pipeline.LlmGateway.Inspection;

/// <summary>What waits and what is left of the limits, as gauges; of the groups that this process owns.</summary>
internal sealed class LimitMetrics
{
    private readonly GatewayOwnership _ownership;

    public LimitMetrics(IMeterFactory meters, GatewayOwnership ownership)
    {
        _ownership = ownership;
        var meter = meters.Create(CompletionMetrics.SourceName);
        meter.CreateObservableGauge("llmgw.queue.depth", Depths, "{request}", "Requests that are held, by the pool that was asked and by priority");
        meter.CreateObservableGauge("llmgw.bucket.level", Levels, "1", "What may be taken of a limit at once, as a part of a minute's; below zero is a debt");
    }

    private IEnumerable<GroupSnapshot> Snapshots() => _ownership.Groups.Select(x => x.Session?.Dispatcher.Snapshot()).OfType<GroupSnapshot>();

    private IEnumerable<Measurement<int>> Depths() => Snapshots().SelectMany(x => x.Pools).SelectMany(x => new Measurement<int>[]
    {
        new(x.Interactive, new("llmgw.pool", x.Pool), new KeyValuePair<string, object?>("llmgw.priority", "interactive")),
        new(x.Batch, new("llmgw.pool", x.Pool), new KeyValuePair<string, object?>("llmgw.priority", "batch")),
    });

    private IEnumerable<Measurement<double>> Levels() => Snapshots().SelectMany(x => x.Domains).SelectMany(domain => domain.Levels.Where(x => x.Limit > 0).Select(x =>
        new Measurement<double>(x.Level / x.Limit, new("llmgw.domain", domain.Name), new KeyValuePair<string, object?>("dimension", NameOf(x.Dimension)))));

    private static string NameOf(LimitDimension dimension) => dimension switch
    {
        LimitDimension.Requests => "requests",
        LimitDimension.InputTokens => "input_tokens",
        LimitDimension.OutputTokens => "output_tokens",
        _ => "tokens",
    };
}
