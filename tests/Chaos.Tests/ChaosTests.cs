using Pipeline.Chaos.Tests.Checks;
using Pipeline.Chaos.Tests.Load;

namespace Pipeline.Chaos.Tests;

/// <summary>The real services as processes, real broker and database, and everything goes wrong.</summary>
public sealed class ChaosTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Mixed_faults_lose_and_repeat_nothing() => await RunAsync(new ChaosOptions
    {
        Script = "short",
        // Always the same faults, so that what fails here can be replayed: scripts/chaos.sh --script short --seed 3 --invocations 400 --rate 12
        Seed = 3,
        Invocations = 400,
        Load = new LoadShape(Rate: 12, MostOpen: 2_000),
        Patience = TimeSpan.FromSeconds(60),
    });

    [Fact]
    [Trait("Category", "Long")]
    public async Task Twenty_thousand_invocations_under_mixed_faults_lose_and_repeat_nothing() => await RunAsync(new ChaosOptions());

    [Fact]
    [Trait("Category", "Long")]
    public async Task A_frozen_orchestrator_that_wakes_commits_nothing_that_was_overtaken()
    {
        var report = await RunAsync(new ChaosOptions { Script = "sigstop", Trials = 200, Load = new LoadShape(Rate: 25, MostOpen: 400) });
        Assert.Equal(200, report.Trials!.Trials);
        Assert.Equal(0, report.Trials.ZombieCommits);
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task Work_of_a_killed_process_goes_on_within_five_seconds()
    {
        var report = await RunAsync(new ChaosOptions { Script = "recovery", Trials = 30, Load = new LoadShape(Rate: 15, MostOpen: 400) });
        Assert.InRange(report.Recovery!.P99, 0, 5);
    }

    private async Task<ChaosReport> RunAsync(ChaosOptions options)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Processes are frozen and killed by POSIX signals, and servers are started by shell scripts.");
        ChaosReport report;
        try
        {
            report = await new ChaosRun(options, output.WriteLine).RunAsync(TestContext.Current.CancellationToken);
        }
        catch (ServersUnavailableException e)
        {
            Assert.Skip(e.Message);
            throw;
        }
        catch (StuckException e)
        {
            Assert.Fail($"Stuck, seed {options.Seed}: {e.Message}");
            throw;
        }

        output.WriteLine(ReportTable.Of(report));
        Assert.True(report.Holds, ReportTable.Of(report));
        return report;
    }
}
