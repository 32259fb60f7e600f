using System.Diagnostics.Metrics;

namespace Pipeline.Orchestrator.Http;

/// <summary>Metrics of the HTTP API (meter <c>Pipeline.Orchestrator.Http</c>).</summary>
internal sealed class HttpMetrics : IDisposable
{
    public const string Name = "Pipeline.Orchestrator.Http";

    private readonly Meter _meter = new(Name);
    private readonly Counter<long> _submissions;
    private readonly UpDownCounter<long> _streams;
    private readonly Counter<long> _streamsEnded;

    public HttpMetrics()
    {
        _submissions = _meter.CreateCounter<long>("pipeline.http.submissions", "{submission}", "Submissions over HTTP, by decision: accepted, deferred, or the code of the refusal.");
        _streams = _meter.CreateUpDownCounter<long>("pipeline.http.streams", "{stream}", "Event streams that are open.");
        _streamsEnded = _meter.CreateCounter<long>("pipeline.http.streams.ended", "{stream}", "Event streams that ended or were refused, by why.");
    }

    public void Submitted(string decision) => _submissions.Add(1, new KeyValuePair<string, object?>("decision", decision));

    public void StreamOpened() => _streams.Add(1);

    public void StreamClosed() => _streams.Add(-1);

    public void StreamEnded(string why) => _streamsEnded.Add(1, new KeyValuePair<string, object?>("why", why));

    public void Dispose() => _meter.Dispose();
}
