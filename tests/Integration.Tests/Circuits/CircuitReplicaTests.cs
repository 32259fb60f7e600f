using Microsoft.AspNetCore.Http;
using Pipeline.Contracts;
using Pipeline.Contracts.ToolCalls;
using Pipeline.Fixtures;

namespace Pipeline.Integration.Tests.Circuits;

/// <summary>One circuit for a fleet of real worker processes, agreed on over a real broker; and stand-ins that nobody serves.</summary>
public sealed class CircuitReplicaTests(WorkerFleet fleet) : IClassFixture<WorkerFleet>
{
    [Fact]
    public async Task A_circuit_opens_in_both_workers_is_probed_once_for_both_and_closes_in_both()
    {
        await fleet.StartAsync();
        fleet.Server.Answer = _ => Task.FromResult(StatusCodes.Status500InternalServerError);
        while (!(await fleet.StatesAsync("probed")).Contains("open"))
        {
            await fleet.AskAsync("probed");
        }

        // Fewer than both would have needed each: the second to know was told.
        Assert.InRange(Requests("probed"), WorkerFleet.Threshold, (2 * WorkerFleet.Threshold) - 1);
        await fleet.AgreeAsync("probed", "open");

        var before = Requests("probed");
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        fleet.Server.Answer = async token =>
        {
            await release.Task.WaitAsync(token);
            return StatusCodes.Status200OK;
        };
        var asked = 0;
        await Eventually.HoldsAsync(
            async () =>
            {
                await fleet.CallAsync("probed");
                asked++;
                return Requests("probed") > before;
            },
            "the break is over and a call probes");
        for (var call = 0; call < 32; call++)
        {
            await fleet.CallAsync("probed");
            asked++;
        }

        for (var answer = 0; answer < asked - 1; answer++)
        {
            var fallback = Assert.IsType<ToolSucceeded>(await fleet.NextAnswerAsync());
            Assert.Equal((true, FailureCode.ToolUnavailable), (fallback.IsFallback, fallback.FallbackCode));
        }

        Assert.Equal(before + 1, Requests("probed"));
        release.SetResult();
        Assert.False(Assert.IsType<ToolSucceeded>(await fleet.NextAnswerAsync()).IsFallback);
        await fleet.AgreeAsync("probed", "closed");
    }

    [Fact]
    public async Task An_operators_word_to_one_worker_reaches_the_other()
    {
        await fleet.StartAsync();
        fleet.Server.Answer = _ => Task.FromResult(StatusCodes.Status200OK);

        await WorkerFleet.OrderAsync(fleet.Workers[0], "ordered", "isolate");
        await fleet.AgreeAsync("ordered", "isolated");
        for (var call = 0; call < 4; call++)
        {
            Assert.True(Assert.IsType<ToolSucceeded>(await fleet.AskAsync("ordered")).IsFallback);
        }

        Assert.Equal(0, Requests("ordered"));
        await WorkerFleet.OrderAsync(fleet.Workers[1], "ordered", "close");
        await fleet.AgreeAsync("ordered", "closed");
        Assert.False(Assert.IsType<ToolSucceeded>(await fleet.AskAsync("ordered")).IsFallback);
    }

    [Fact]
    public async Task The_queue_on_which_a_worker_hears_of_circuits_goes_with_it()
    {
        await fleet.StartAsync();
        var before = await CircuitQueuesAsync();
        Assert.Equal(fleet.Workers.Count, before.Count);

        await using (var third = await fleet.StartWorkerAsync("ordered"))
        {
            await third.ReadyAsync();
            Assert.Equal(before.Count + 1, (await CircuitQueuesAsync()).Count);
        }

        await Eventually.HoldsAsync(async () => (await CircuitQueuesAsync()).SequenceEqual(before), "the dead worker's queue is gone");
    }

    [Fact]
    public async Task Where_the_stand_in_has_no_queue_the_declared_answer_comes_at_once()
    {
        await fleet.StartAsync();
        await AnswersForAnUnservedStandInAsync("fronted", "unheard");
    }

    [Fact]
    public async Task Where_nobody_serves_the_stand_ins_queue_the_declared_answer_comes_at_once()
    {
        await fleet.StartAsync();
        fleet.Server.Answer = _ => Task.FromResult(StatusCodes.Status200OK);
        await using (var served = await fleet.StartWorkerAsync("deserted"))
        {
            await served.ReadyAsync();
            Assert.Equal("deserted", (await StandInAnswerAsync("covered")).AnsweredBy);
        }

        await Eventually.HoldsAsync(async () => await fleet.Pipeline.ConsumersOfAsync(QueueName.Tool("deserted")) == 0, "the broker knows that the worker is gone");
        // Its last call may be back: it died before it acknowledged.
        var before = await fleet.Pipeline.ReadyInAsync(QueueName.Tool("deserted"));
        await AnswersForAnUnservedStandInAsync("covered", "deserted");
        Assert.Equal(before, await fleet.Pipeline.ReadyInAsync(QueueName.Tool("deserted")));
    }

    private async Task AnswersForAnUnservedStandInAsync(string tool, string standIn)
    {
        var answer = await StandInAnswerAsync(tool);

        Assert.Equal(("Nobody knows.", true, FailureCode.ToolFailed, null), (answer.Result, answer.IsFallback, answer.FallbackCode, answer.AnsweredBy));
        await Eventually.HoldsAsync(
            () => Task.FromResult(fleet.Workers.Any(x => x.Output.Contains("nobody serves the other tool", StringComparison.Ordinal) && x.Output.Contains(standIn, StringComparison.Ordinal))),
            "a worker's log says that nobody serves the stand-in");
    }

    /// <summary>The tool itself fails, its stand-in would not.</summary>
    private async Task<ToolSucceeded> StandInAnswerAsync(string tool)
    {
        fleet.Server.AnswerOf[tool] = StatusCodes.Status500InternalServerError;
        return Assert.IsType<ToolSucceeded>(await fleet.AskAsync(tool));
    }

    private int Requests(string tool) => fleet.Server.Ledger.Count(x => x.Tool == tool);

    private async Task<List<string>> CircuitQueuesAsync() => [.. (await fleet.Pipeline.QueuesAsync(isDurable: false)).Where(x => x.StartsWith("circuits_bus_", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
}
