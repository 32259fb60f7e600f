using System.Diagnostics;

using Pipeline.Fixtures;

namespace Pipeline.Integration.Tests.FailOver;

/// <summary>Two gateways, one limit: what happens when the one that calls dies, or stands still and comes back.</summary>
[Trait("Category", "Long")]
public sealed class FailOverTests
{
    private static readonly TimeSpan TakeoverLimit = TimeSpan.FromSeconds(15);

    [Fact]
    public async Task A_killed_owner_loses_nothing_and_pays_no_more_twice_than_was_in_flight()
    {
        await using var pair = await GatewayPair.StartAsync();
        try
        {
            var asked = await pair.AskAsync(200);
            await Eventually.HoldsAsync(() => Task.FromResult(pair.Answers.Count >= 50), "a quarter is answered");
            var victim = await OwnerAsync(pair);
            await pair[victim].KillAsync();
            var since = Stopwatch.StartNew();

            await Eventually.HoldsAsync(async () => await pair.OwnerAsync() == 1 - victim, "the other one has taken over");
            Assert.True(since.Elapsed < TakeoverLimit, $"The other one took over after {since.Elapsed}.");
            asked.AddRange(await pair.AskAsync(20));
            await AllAnsweredAsync(pair, asked);

            await AssertLedgerAsync(pair, asked.Count);
            Assert.InRange(await pair.CountAsync("""model_calls WHERE "Outcome" = 'unknown'"""), 0, GatewayPair.Concurrency);
        }
        catch when (WriteLogs(pair))
        {
            throw;
        }
    }

    [Fact]
    public async Task An_owner_that_stood_still_calls_no_more_when_it_wakes()
    {
        await using var pair = await GatewayPair.StartAsync();
        try
        {
            var asked = await pair.AskAsync(200);
            await Eventually.HoldsAsync(() => Task.FromResult(pair.Answers.Count >= 50), "a quarter is answered");
            var frozen = await OwnerAsync(pair);
            var stood = Stopwatch.StartNew();
            pair[frozen].Freeze();
            int callsWhenFrozen;
            try
            {
                await Eventually.HoldsAsync(async () => await pair.OwnerAsync() == 1 - frozen, "the other one has taken over");
                Assert.True(stood.Elapsed < TakeoverLimit, $"The other one took over after {stood.Elapsed}.");
                asked.AddRange(await pair.AskAsync(100));
                await Eventually.HoldsAsync(() => Task.FromResult(stood.Elapsed > TimeSpan.FromSeconds(20)), "it stood still for 20 seconds");
                callsWhenFrozen = await pair.CallsOfAsync(frozen);
            }
            finally
            {
                pair[frozen].Thaw();
            }

            // There is work left for it to be tempted by.
            Assert.True(await pair.CountAsync("""completions WHERE "State" IN ('Held', 'Dispatched')""") > 0, "Nothing waits any more when it wakes; ask for more.");
            await AllAnsweredAsync(pair, asked);

            // Zero would say that the ledger does not tell the two apart.
            Assert.True(callsWhenFrozen > 0, "The ledger knows no call of the one that stood still: ask it by the alias that it shows.");
            Assert.Equal(callsWhenFrozen, await pair.CallsOfAsync(frozen));
            Assert.Equal(1 - frozen, await OwnerAsync(pair));
            await AssertLedgerAsync(pair, asked.Count);
        }
        catch when (WriteLogs(pair))
        {
            throw;
        }
    }

    private static async Task<int> OwnerAsync(GatewayPair pair) => await pair.OwnerAsync() ?? throw new InvalidOperationException("Nobody owns the domain.");

    private static async Task AllAnsweredAsync(GatewayPair pair, List<string> asked) =>
        await Eventually.HoldsAsync(() => Task.FromResult(asked.All(pair.Answers.ContainsKey)), $"all {asked.Count} are answered");

    private static async Task AssertLedgerAsync(GatewayPair pair, int asked)
    {
        await Eventually.HoldsAsync(async () => (await pair.ReportAsync()).GetProperty("complete").GetBoolean(), "no call is in flight any more");
        var report = await pair.ReportAsync();
        TestContext.Current.TestOutputHelper?.WriteLine(report.ToString());
        Assert.Empty(report.GetProperty("tooManyRequests").EnumerateObject());
        Assert.InRange(report.GetProperty("repeatedKeys").GetInt32(), 0, GatewayPair.Concurrency);
        Assert.Equal(asked + report.GetProperty("repeatedKeys").GetInt32(), report.GetProperty("arrivals").GetInt32());
        Assert.All(report.GetProperty("limits").EnumerateArray(), x => Assert.InRange(x.GetProperty("worstWindow").GetDouble(), 0, 1));
    }

    private static bool WriteLogs(GatewayPair pair)
    {
        TestContext.Current.TestOutputHelper?.WriteLine(pair.Logs());
        return false;
    }
}
