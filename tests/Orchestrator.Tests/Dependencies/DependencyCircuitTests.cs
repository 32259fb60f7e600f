using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Fixtures;
using Pipeline.ServiceDefaults.Dependencies;

namespace Pipeline.Orchestrator.Tests.Dependencies;

public sealed class DependencyCircuitTests : IAsyncDisposable
{
    private static readonly IOException Away = new("Connection refused.");

    private readonly ManualTimeProvider _time = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().AddSingleton<DependencyMetrics>().BuildServiceProvider();
    private readonly MeterListener _meters = new();
    private readonly ConcurrentDictionary<string, int> _changes = [];
    private Func<CancellationToken, Task> _probe = _ => throw Away;
    private int _probes;
    private DependencyCircuit _circuit = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Asks_that_are_not_answered_open_it_and_one_probe_that_is_closes_it()
    {
        await StartAsync();
        NotAnswered(3);
        Assert.True(_circuit.IsOpen);
        Assert.Contains("Connection refused.", _circuit.Refuse(), StringComparison.Ordinal);
        var closing = _circuit.WhenClosedAsync(Cancellation);

        await ProbesAsync(1);
        await Eventually.HoldsAsync(() => Task.FromResult(_changes["open"] == 2), "the probe has failed");
        Assert.True(_circuit.IsOpen);
        Assert.False(closing.IsCompleted);

        _probe = _ => Task.CompletedTask;
        await ProbesAsync(2);
        await closing;
        Assert.False(_circuit.IsOpen);
        Assert.Equal(0, _circuit.StateNumber);
        // It is let alone from here on.
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(2, _probes);
        Assert.Equal((2, 2, 1), (_changes["open"], _changes["half-open"], _changes["closed"]));
    }

    [Fact]
    public async Task An_error_is_an_answer_and_a_few_failures_among_many_answers_are_none_of_its_business()
    {
        await StartAsync();
        for (var ask = 0; ask < 20; ask++)
        {
            _circuit.Answered();
        }

        NotAnswered(10);

        Assert.False(_circuit.IsOpen);
    }

    [Fact]
    public async Task When_nothing_is_answered_while_somebody_waits_it_is_probed_and_opens_although_no_ask_has_failed_yet()
    {
        _probe = token => Task.Delay(Timeout.Infinite, token);
        await StartAsync();
        _circuit.Asked();

        await Eventually.HoldsAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromMilliseconds(250));
                return Task.FromResult(_circuit.IsOpen);
            },
            "silence has opened it");

        Assert.InRange(_probes, 1, 3);
        Assert.Contains("no answer within", _circuit.Refuse(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_asked_before_it_opened_does_not_close_it()
    {
        await StartAsync();
        NotAnswered(3);
        _time.Advance(TimeSpan.FromMilliseconds(10));
        _circuit.Answered();

        Assert.True(_circuit.IsOpen);
    }

    [Fact]
    public async Task Before_and_after_its_service_runs_it_is_closed()
    {
        _circuit = New();
        NotAnswered(10);
        Assert.False(_circuit.IsOpen);

        await _circuit.StartAsync(Cancellation);
        await WatchedAsync();
        var closing = _circuit.WhenClosedAsync(Cancellation);
        await _circuit.StopAsync(Cancellation);

        // Whoever waited goes on, and meets what there is.
        await closing;
        Assert.False(_circuit.IsOpen);
    }

    public async ValueTask DisposeAsync()
    {
        await _circuit.StopAsync(CancellationToken.None);
        _circuit.Dispose();
        _meters.Dispose();
        await _services.DisposeAsync();
    }

    private async Task StartAsync()
    {
        _circuit = New();
        _meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "pipeline.dependency.circuit.changes")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _meters.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            if (tags.ToArray().Contains(new("dependency", _circuit.Dependency)))
            {
                var state = (string)tags.ToArray().Single(x => x.Key == "state").Value!;
                _changes[state] = _changes.GetValueOrDefault(state) + (int)value;
            }
        });
        _meters.Start();
        await _circuit.StartAsync(Cancellation);
        await WatchedAsync();
        // Those that were needed to see that it runs.
        await ClosedAsync();
        _probes = 0;
        _changes.Clear();
    }

    private DependencyCircuit New() => new(
        $"test.{Guid.NewGuid():N}",
        new DependencyCircuitOptions(),
        token =>
        {
            Interlocked.Increment(ref _probes);
            return _probe(token);
        },
        _services.GetRequiredService<DependencyMetrics>(),
        _time,
        NullLogger.Instance);

    private void NotAnswered(int times)
    {
        for (var ask = 0; ask < times; ask++)
        {
            _circuit.NotAnswered(Away);
        }
    }

    /// <summary>A circuit that does not run yet counts nothing.</summary>
    private Task WatchedAsync() => Eventually.HoldsAsync(
        () =>
        {
            NotAnswered(3);
            return Task.FromResult(_circuit.IsOpen);
        },
        "it runs");

    private async Task ClosedAsync()
    {
        var (probe, changed) = (_probe, false);
        var closing = _circuit.WhenClosedAsync(Cancellation);
        _probe = _ => Task.CompletedTask;
        await Eventually.HoldsAsync(
            () =>
            {
                changed = !_circuit.IsOpen;
                if (!changed)
                {
                    _time.Advance(TimeSpan.FromMilliseconds(250));
                }

                return Task.FromResult(changed);
            },
            "it is closed");
        // Its state changes before that is told.
        await closing;
        // Nothing of the beginning is in its window any more.
        _time.Advance(TimeSpan.FromMinutes(1));
        _probe = probe;
    }

    private Task ProbesAsync(int count) => Eventually.HoldsAsync(
        () =>
        {
            if (Volatile.Read(ref _probes) < count)
            {
                _time.Advance(TimeSpan.FromMilliseconds(250));
            }

            return Task.FromResult(Volatile.Read(ref _probes) >= count);
        },
        $"it was probed {count} times");
}
