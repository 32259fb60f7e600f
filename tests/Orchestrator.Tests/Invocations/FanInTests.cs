using System.Diagnostics;
using System.Diagnostics.Metrics;
using Pipeline.Contracts;
using Pipeline.Contracts.Completions;
using Pipeline.Contracts.ToolCalls;
using Pipeline.Fixtures;
using Pipeline.Orchestrator.Invocations;
using Pipeline.Orchestrator.Tests.Setup;

namespace Pipeline.Orchestrator.Tests.Invocations;

/// <summary>256 results of one invocation at once, through a real broker, into two orchestrators that share the database.</summary>
public sealed class FanInTests
{
    private const int Calls = 256;

    [Theory]
    [InlineData("Sqlite")]
    [InlineData("Postgres")]
    public async Task All_256_results_arrive_once_in_two_orchestrators_and_none_in_an_error_queue(string provider)
    {
        await using var host = await RabbitMqVirtualHost.CreateAsync();
        await using var database = await TestDatabase.CreateAsync(provider);
        var setup = new OrchestratorSetup
        {
            Database = database,
            VirtualHost = host,
            Clock = TimeProvider.System,
            Agents = x => x.WithAgent(tools: ["look_up"], limits: new { maxToolCalls = 1000 }),
        };
        await using var one = await OrchestratorFixture.StartAsync(setup);
        await using var two = await OrchestratorFixture.StartAsync(setup);
        using var conflicts = new ConflictCounter();

        var first = await StartAsync(one, two);
        await SendAsync(one, OrchestratorFixture.ToolRequest(first, [.. Enumerable.Repeat("look_up", Calls)]));
        var calls = await TakeAsync(one.ToolCalls, two.ToolCalls, Calls);
        Assert.Equal(Calls, calls.Select(x => x.CallId).Distinct().Count());

        var began = Stopwatch.GetTimestamp();
        // Each of them twice, at once: what a broker may do after a lost acknowledgement.
        await Task.WhenAll(calls.SelectMany(x => new[] { SendAsync(one, OrchestratorFixture.ToolResult(x, x.Arguments)), SendAsync(two, OrchestratorFixture.ToolResult(x, x.Arguments)) }));
        var second = Assert.Single(await TakeAsync(one.Model, two.Model, 1));
        var took = Stopwatch.GetElapsedTime(began);

        TestContext.Current.TestOutputHelper?.WriteLine($"{provider}: {Calls} results twice, two orchestrators: {took.TotalSeconds:F1} s, {conflicts.Count} conflicts");
        Assert.Equal(2, second.Turn);
        Assert.Equal(Enumerable.Range(0, Calls).Select(x => $$"""{"n":{{x}}}"""), second.Messages.Where(x => x.Role == ConversationRole.Tool).Select(x => x.Text));
        await SendAsync(two, OrchestratorFixture.Answer(second));
        await Eventually.HoldsAsync(async () => (await one.RowAsync(first.InvocationId)).EndedAt is not null, "the invocation has ended");
        await Eventually.HoldsAsync(
            () => Task.FromResult(one.Traffic.ConsumedMessages<ToolSucceeded>() + two.Traffic.ConsumedMessages<ToolSucceeded>() >= 2 * Calls),
            "every result, the repeated ones included, was consumed");
        var timeline = await one.TimelineAsync(first.InvocationId);
        Assert.Equal(Calls, timeline.Count(x => x.Kind == TimelineKind.ToolSucceeded));
        Assert.Equal(Enumerable.Range(1, timeline.Count), timeline.Select(x => x.Seq));
        Assert.Empty(one.Traffic.Faults);
        Assert.Empty(two.Traffic.Faults);
    }

    private static async Task<RequestCompletion> StartAsync(OrchestratorFixture one, OrchestratorFixture two)
    {
        var submission = OrchestratorFixture.Submission();
        var queue = await one.Bus.GetSendEndpoint(new Uri($"exchange:{QueueName.Invocations(submission.Agent)}"));
        await queue.Send(submission, TestContext.Current.CancellationToken);
        return Assert.Single(await TakeAsync(one.Model, two.Model, 1));
    }

    private static async Task SendAsync<T>(OrchestratorFixture from, T message)
        where T : class
    {
        var queue = await from.Bus.GetSendEndpoint(new Uri($"exchange:{QueueName.InvocationEvents}"));
        await queue.Send(message, TestContext.Current.CancellationToken);
    }

    /// <summary>The broker gives each message to one of the two.</summary>
    private static async Task<IReadOnlyList<T>> TakeAsync<T>(Inbox<T> one, Inbox<T> two, int count)
    {
        var taken = new List<T>();
        await Eventually.HoldsAsync(
            () =>
            {
                while (taken.Count < count && (one.TryTake(out var message) || two.TryTake(out message)))
                {
                    taken.Add(message);
                }

                return Task.FromResult(taken.Count == count);
            },
            $"{count} messages of type {typeof(T).Name} arrived");
        return taken;
    }

    private sealed class ConflictCounter : IDisposable
    {
        private readonly MeterListener _listener = new();
        private long _count;

        public ConflictCounter()
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "saga.store.conflicts")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref _count, value));
            _listener.Start();
        }

        public long Count => Interlocked.Read(ref _count);

        public void Dispose() => _listener.Dispose();
    }
}
