using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Pipeline.SagaStore;

/// <summary>The store's metrics (meter <c>Pipeline.SagaStore</c>) and spans (source <c>Pipeline.SagaStore</c>).</summary>
internal sealed class SagaStoreMetrics : IDisposable
{
    public const string Name = "Pipeline.SagaStore";
    public static readonly ActivitySource Activities = new(Name);

    private readonly Meter _meter;
    private readonly Histogram<double> _load;
    private readonly Histogram<double> _commit;
    private readonly Counter<long> _conflicts;
    private readonly Counter<long> _duplicates;
    private readonly Counter<long> _outages;
    private readonly Counter<long> _sentAgain;
    private readonly Counter<long> _parked;
    private double _pendingAgeSeconds;

    public SagaStoreMetrics()
    {
        _meter = new Meter(Name);
        _load = _meter.CreateHistogram<double>("saga.store.load.duration", "s", "Time to read a saga's row, the start of its transaction included.");
        _commit = _meter.CreateHistogram<double>("saga.store.commit.duration", "s", "Time to write and commit state, timeline and outgoing messages of one event.");
        _conflicts = _meter.CreateCounter<long>("saga.store.conflicts", "{event}", "Events tried again because another writer was first.");
        _duplicates = _meter.CreateCounter<long>("saga.store.duplicates", "{message}", "Messages that had been consumed before and were not consumed again.");
        _outages = _meter.CreateCounter<long>("saga.store.outages", "{event}", "Attempts at an event that met a database which did not answer.");
        _sentAgain = _meter.CreateCounter<long>("saga.store.outgoing.resent", "{message}", "Committed messages that were sent again because nobody had seen them confirmed.");
        _parked = _meter.CreateCounter<long>("saga.store.outgoing.parked", "{batch}", "Batches of messages that could not be sent and wait for an operator.");
        _meter.CreateObservableGauge("saga.store.outgoing.oldest_age", () => Volatile.Read(ref _pendingAgeSeconds), "s", "Age of the oldest committed message that is overdue for its confirm; 0 when none is.");
    }

    public void Loaded(string saga, TimeSpan took) => _load.Record(took.TotalSeconds, new KeyValuePair<string, object?>("saga", saga));

    public void Committed(string saga, TimeSpan took) => _commit.Record(took.TotalSeconds, new KeyValuePair<string, object?>("saga", saga));

    public void Conflict(string saga) => _conflicts.Add(1, new KeyValuePair<string, object?>("saga", saga));

    public void Duplicate(string saga) => _duplicates.Add(1, new KeyValuePair<string, object?>("saga", saga));

    public void Outage(string saga) => _outages.Add(1, new KeyValuePair<string, object?>("saga", saga));

    public void SentAgain(int messages) => _sentAgain.Add(messages);

    public void Parked() => _parked.Add(1);

    public void PendingAge(TimeSpan age) => Volatile.Write(ref _pendingAgeSeconds, age.TotalSeconds);

    public void Dispose() => _meter.Dispose();
}
