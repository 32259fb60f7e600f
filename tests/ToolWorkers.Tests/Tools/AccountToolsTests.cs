using System.Text.Json;
using Pipeline.Contracts;
using Pipeline.ToolWorkers.Tests.Fixtures;

namespace Pipeline.ToolWorkers.Tests.Tools;

public sealed class AccountToolsTests
{
    [Theory]
    [InlineData("""{"accountId":"acc_1"}""")]
    [InlineData("""{"customerId":"cus_1"}""")]
    public async Task An_account_is_found_by_either_id(string arguments)
    {
        await using var app = await ToolWorkersApp.StartAsync(seed: true);

        var answer = await app.CallAsync(arguments, tool: "get_account_status");

        Assert.Equal("""{"accountId":"acc_1","customerId":"cus_1","name":"Ada Example","status":"active","currency":"EUR","balanceCents":100000}""", answer.Success.Result);
    }

    [Fact]
    public async Task An_unknown_account_is_an_ordinary_result()
    {
        await using var app = await ToolWorkersApp.StartAsync(seed: true);

        var answer = await app.CallAsync("""{"accountId":"acc_9","customerId":"cus_1"}""", tool: "get_account_status");

        Assert.Equal("""{"error":"account_not_found","message":"No account has the account id \u0027acc_9\u0027 and the customer id \u0027cus_1\u0027. Check the id with the customer."}""", answer.Success.Result);
        Assert.Equal(FailureCode.ArgumentsInvalid, (await app.CallAsync(tool: "get_account_status")).Failure.Code);
    }

    [Theory]
    [InlineData("""{"accountId":"acc_1"}""", "txn_3,txn_2,txn_1,txn_8,txn_7,txn_6,txn_5")]
    [InlineData("""{"accountId":"acc_1","limit":2}""", "txn_3,txn_2")]
    [InlineData("""{"accountId":"acc_1","merchant":"COFFEE"}""", "txn_3,txn_1")]
    [InlineData("""{"accountId":"acc_1","from":"2026-11-02"}""", "txn_3,txn_2")]
    [InlineData("""{"accountId":"acc_1","from":"2026-11-01","to":"2026-11-02"}""", "txn_2,txn_1")]
    [InlineData("""{"accountId":"acc_9"}""", "")]
    public async Task Transactions_are_listed_newest_first_and_filtered(string arguments, string expected)
    {
        await using var app = await ToolWorkersApp.StartAsync(seed: true);

        using var result = JsonDocument.Parse((await app.CallAsync(arguments, tool: "list_transactions")).Success.Result);

        Assert.Equal(expected, string.Join(",", result.RootElement.GetProperty("transactions").EnumerateArray().Select(x => x.GetProperty("id").GetString())));
    }

    [Fact]
    public async Task A_transaction_is_listed_with_everything_a_dispute_needs()
    {
        await using var app = await ToolWorkersApp.StartAsync(seed: true);

        var answer = await app.CallAsync("""{"accountId":"acc_1","merchant":"book"}""", tool: "list_transactions");

        Assert.Equal(
            """{"transactions":[{"id":"txn_2","at":"2026-11-02T21:59:59+00:00","merchant":"Book Barn","amountCents":2999,"currency":"EUR","status":"settled","refundedCents":0}]}""",
            answer.Success.Result);
    }
}
