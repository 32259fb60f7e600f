using System.Diagnostics.Metrics;
using Pipeline.Orchestrator.Invocations;

namespace Pipeline.Orchestrator.DeadLetters;

/// <summary>Metrics of dead letters, in the orchestrator's meter.</summary>
internal sealed class DeadLetterMetrics : IDisposable
{
    private readonly Meter _meter = new(InvocationMetrics.Name);
    private readonly Counter<long> _collected;
    private readonly Counter<long> _replayed;
    private readonly Counter<long> _discarded;
    private long _kept;

    public DeadLetterMetrics()
    {
        _collected = _meter.CreateCounter<long>("pipeline.dead_letters.collected", "{message}", "Messages that could not be processed and were kept, by queue and code.");
        _replayed = _meter.CreateCounter<long>("pipeline.dead_letters.replayed", "{message}", "Dead letters sent to their queue again, by outcome.");
        _discarded = _meter.CreateCounter<long>("pipeline.dead_letters.discarded", "{message}", "Dead letters that were put away.");
        _meter.CreateObservableGauge("pipeline.dead_letters.kept", () => Interlocked.Read(ref _kept), "{message}", "Dead letters that wait for a decision, at the last look.");
    }

    public void Kept(int count) => Interlocked.Exchange(ref _kept, count);

    public void Collected(string queue, string code) => _collected.Add(1, new("queue", queue), new KeyValuePair<string, object?>("code", code));

    public void Replayed(string outcome) => _replayed.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public void Discarded(int count) => _discarded.Add(count);

    public void Dispose() => _meter.Dispose();
}
