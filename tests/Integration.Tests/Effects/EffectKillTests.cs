using Pipeline.Contracts;

namespace Pipeline.Integration.Tests.Effects;

/// <summary>Two workers under load, one of them killed again and again at moments that nobody chose.</summary>
public sealed class EffectKillTests(ITestOutputHelper output)
{
    private const int Kills = 100;
    private const int Workers = 2;

    [Fact]
    [Trait("Category", "Long")]
    public async Task A_hundred_kills_at_any_moment_repeat_no_effect_that_must_not_be_repeated()
    {
        var seed = Random.Shared.Next(1, 1_000_000);
        output.WriteLine($"Seed {seed}.");
        await using var effects = new EffectsPipeline(concurrency: 8);
        await effects.StartAsync();
        var dice = new Random(seed);
        // Most of a call's life is then within its effect, and so are most kills.
        effects.Server.Answer = async token =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(0, 200)), token);
            return 200;
        };

        using var enough = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var loading = LoadAsync(effects, enough.Token);
        var seeds = Enumerable.Range(0, Workers).Select(_ => dice.Next()).ToList();
        await Task.WhenAll(seeds.Select(x => KillAsync(effects, new Random(x), Kills / Workers)));
        await enough.CancelAsync();
        var invocations = await loading;
        await effects.HaveEndedAsync(invocations.Keys);

        var ledger = await effects.LedgerAsync();
        var (unknown, repeated) = (0, 0);
        foreach (var (invocation, tool) in invocations)
        {
            var runs = ledger[$"{invocation}"].ToList();
            var code = await effects.OutcomeAsync(invocation);
            EffectCrashTests.AssertOneKey(tool, runs);
            repeated += runs.Count > 1 ? 1 : 0;
            if (tool.Effects == "OnceOnly")
            {
                Assert.InRange(runs.Count, code is null ? 1 : 0, 1);
                Assert.True(code is null or FailureCode.ToolOutcomeUnknown, $"{tool.Name} of {invocation}: {code}");
                unknown += code is null ? 0 : 1;
            }
            else
            {
                Assert.Null(code);
                Assert.NotEmpty(runs);
            }
        }

        Assert.All(ledger, x => Assert.True(invocations.ContainsKey(Guid.Parse(x.Key)), $"An effect for '{x.Key}', which nobody submitted."));
        output.WriteLine($"{Kills} kills, {invocations.Count} invocations: {repeated} with a repeated run (ReadOnly or Idempotent, same key), {unknown} OnceOnly calls reported as unknown, none repeated.");
    }

    private static async Task<Dictionary<Guid, EffectTool>> LoadAsync(EffectsPipeline effects, CancellationToken stop)
    {
        var invocations = new Dictionary<Guid, EffectTool>();
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(80));
        try
        {
            while (await pace.WaitForNextTickAsync(stop))
            {
                var tool = EffectTool.All[invocations.Count % EffectTool.All.Count];
                invocations[await effects.SubmitAsync(tool)] = tool;
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Enough.
        }

        return invocations;
    }

    /// <summary>Kills a worker and starts another, so often; the last one stays.</summary>
    private static async Task KillAsync(EffectsPipeline effects, Random dice, int kills)
    {
        var worker = await effects.StartWorkerAsync(EffectTool.All);
        for (var kill = 0; kill < kills; kill++)
        {
            await worker.ReadyAsync();
            // The moment of the kill, not a wait for a fact.
            await Task.Delay(TimeSpan.FromMilliseconds(dice.Next(0, 1500)), TestContext.Current.CancellationToken);
            await worker.DisposeAsync();
            worker = await effects.StartWorkerAsync(EffectTool.All);
        }
    }
}
