using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.ToolWorkers.Accounts;
using Pipeline.ToolWorkers.Tests.Fixtures;

namespace Pipeline.ToolWorkers.Tests.Accounts;

public sealed class AccountSeedTests
{
    [Fact]
    public async Task Seeding_twice_adds_nothing_and_undoes_no_refund()
    {
        await using var app = await ToolWorkersApp.StartAsync(seed: true);
        await app.CallAsync("""{"transactionId":"txn_1","amountCents":100,"reason":"Charged twice"}""", tool: "issue_refund");

        Assert.Equal("added 0 customers, 0 accounts, 0 transactions from 'accounts.json'", await SeedAsync(app));

        Assert.Equal(8, await app.QueryAsync(x => x.Transactions.CountAsync(TestContext.Current.CancellationToken)));
        Assert.Equal(100_100, await app.QueryAsync(x => x.Accounts.Where(a => a.Id == "acc_1").Select(a => a.BalanceCents).SingleAsync(TestContext.Current.CancellationToken)));
    }

    [Fact]
    public async Task A_longer_file_adds_only_what_is_new()
    {
        await using var app = await ToolWorkersApp.StartAsync(seed: true);
        var path = Path.Combine(app.ContentRoot, "accounts.json");
        await File.WriteAllTextAsync(
            path,
            SampleAccounts.Json.Replace("\"customers\": [", "\"customers\": [ { \"id\": \"cus_3\", \"name\": \"Cy\", \"email\": \"cy@example.com\" }, ", StringComparison.Ordinal),
            TestContext.Current.CancellationToken);

        Assert.StartsWith("added 1 customers, 0 accounts, 0 transactions", await SeedAsync(app), StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_problems_of_a_seed_file_are_reported_with_their_paths()
    {
        await using var app = await ToolWorkersApp.StartAsync(seed: true);
        await File.WriteAllTextAsync(
            Path.Combine(app.ContentRoot, "accounts.json"),
            SampleAccounts.Json.Replace("\"closed\"", "\"shut\"", StringComparison.Ordinal).Replace("\"accountId\": \"acc_2\"", "\"accountId\": \"acc_7\"", StringComparison.Ordinal),
            TestContext.Current.CancellationToken);

        var exception = await Assert.ThrowsAsync<InvalidDataException>(() => SeedAsync(app));

        Assert.Contains("$.accounts[1].status: is 'shut'.", exception.Message, StringComparison.Ordinal);
        Assert.Contains("$.transactions[3].accountId: is 'acc_7'", exception.Message, StringComparison.Ordinal);
    }

    private static async Task<string> SeedAsync(ToolWorkersApp app)
    {
        await using var scope = app.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<AccountSeed>().ApplyAsync(TestContext.Current.CancellationToken);
    }
}
