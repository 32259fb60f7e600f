using System.Collections.Concurrent;
using MassTransit;
using Pipeline.Benchmarks.Servers;
using Pipeline.Contracts;
using Pipeline.Contracts.ToolCalls;

namespace Pipeline.Benchmarks.Incident;

/// <summary>
/// Agents as the orchestrator runs them: a call is a message to the tool's queue, and between call and answer there is nothing but an
/// entry in a table.
/// </summary>
internal sealed class WorkerAgents : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, (TaskCompletionSource<ToolSucceeded?> Answer, long Sent)> _waiting = new();
    private readonly ConcurrentQueue<(DateTimeOffset SentAt, double Ms, double? WorkerMs)> _fallbackMs = new();
    private readonly ConcurrentQueue<DateTimeOffset> _failingCalls = new();
    private readonly ConcurrentQueue<ToolCircuitChanged> _changes = new();
    private readonly IBusControl _bus;

    private WorkerAgents(RabbitVirtualHost broker) => _bus = Bus.Factory.CreateUsingRabbitMq(bus =>
    {
        bus.Host(broker.Uri, host =>
        {
            host.Username(broker.User);
            host.Password(broker.Password);
        });
        bus.ReceiveEndpoint(QueueName.InvocationEvents, queue =>
        {
            queue.SetQuorumQueue();
            queue.ConfigureConsumeTopology = false;
            queue.PrefetchCount = 64;
            queue.Handler<ToolSucceeded>(x => Answered(x.Message.CallId, x.Message));
            queue.Handler<ToolFailed>(x => Answered(x.Message.CallId, null));
        });
        bus.ReceiveEndpoint("incident-circuits", queue => queue.Handler<ToolCircuitChanged>(x =>
        {
            _changes.Enqueue(x.Message);
            return Task.CompletedTask;
        }));
    });

    /// <summary>From sending the call to receiving its answer, and within the worker, of the calls that were answered without running the tool.</summary>
    public IReadOnlyCollection<(DateTimeOffset SentAt, double Ms, double? WorkerMs)> FallbackMs => _fallbackMs;

    /// <summary>When the failing tool was called.</summary>
    public IReadOnlyCollection<DateTimeOffset> FailingCalls => _failingCalls;

    public IReadOnlyCollection<ToolCircuitChanged> Changes => _changes;

    public static async Task<WorkerAgents> StartAsync(RabbitVirtualHost broker, CancellationToken cancellationToken)
    {
        var agents = new WorkerAgents(broker);
        await agents._bus.StartAsync(cancellationToken);
        return agents;
    }

    public async Task<bool> RunAsync(bool usesFailing, CancellationToken cancellationToken)
    {
        if (!await TwiceAsync(SoundTool.ToolName, cancellationToken))
        {
            return false;
        }

        // Two at once, as a model asks that compares: where calls come seldom, the second one meets a circuit that probes with the first.
        return usesFailing
            ? (await Task.WhenAll(TwiceAsync(IncidentTool.ToolName, cancellationToken), TwiceAsync(IncidentTool.ToolName, cancellationToken))).All(x => x)
            : await TwiceAsync(SoundTool.ToolName, cancellationToken);
    }

    public async ValueTask DisposeAsync() => await _bus.StopAsync(CancellationToken.None);

    // A failed call is tried once more, as a model does.
    private async Task<bool> TwiceAsync(string tool, CancellationToken cancellationToken) => await CallAsync(tool, cancellationToken) || await CallAsync(tool, cancellationToken);

    private async Task<bool> CallAsync(string tool, CancellationToken cancellationToken)
    {
        if (tool == IncidentTool.ToolName)
        {
            _failingCalls.Enqueue(TimeProvider.System.GetUtcNow());
        }

        var callId = NewId.NextGuid().ToString();
        var answer = new TaskCompletionSource<ToolSucceeded?>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[callId] = (answer, TimeProvider.System.GetTimestamp());
        var endpoint = await _bus.GetSendEndpoint(new Uri($"exchange:{QueueName.Tool(tool)}"));
        await endpoint.Send(
            new RunTool
            {
                InvocationId = NewId.NextGuid(),
                Turn = 1,
                CallId = callId,
                Tool = tool,
                Arguments = "{}",
                Tenant = "bench",
                Agent = "incident",
                Deadline = TimeProvider.System.GetUtcNow() + TimeSpan.FromMinutes(10),
            },
            cancellationToken);
        return await answer.Task.WaitAsync(cancellationToken) is not null;
    }

    private Task Answered(string callId, ToolSucceeded? answer)
    {
        if (_waiting.TryRemove(callId, out var call))
        {
            if (answer is { IsFallback: true, DurationMs: 0 })
            {
                var took = TimeProvider.System.GetElapsedTime(call.Sent);
                _fallbackMs.Enqueue((TimeProvider.System.GetUtcNow() - took, took.TotalMilliseconds, answer.WorkerMs));
            }

            call.Answer.TrySetResult(answer);
        }

        return Task.CompletedTask;
    }
}
