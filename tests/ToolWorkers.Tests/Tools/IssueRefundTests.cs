using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Contracts;
using Pipeline.ToolWorkers.Calls;
using Pipeline.ToolWorkers.Tests.Fixtures;
using Pipeline.ToolWorkers.Tools.IssueRefund;

namespace Pipeline.ToolWorkers.Tests.Tools;

public sealed class IssueRefundTests
{
    private const string Tool = "issue_refund";

    [Fact]
    public async Task A_refund_changes_transaction_balance_and_ledger_together()
    {
        await using var app = await ToolWorkersApp.StartAsync(seed: true);

        using var result = JsonDocument.Parse((await app.CallAsync(Arguments("txn_1", 400), "call-1", Tool)).Success.Result);

        Assert.Equal(("txn_1", 400L, "issued"), (Text(result, "transactionId"), result.RootElement.GetProperty("amountCents").GetInt64(), Text(result, "status")));
        var refund = await app.QueryAsync(x => x.Refunds.SingleAsync(TestContext.Current.CancellationToken));
        var entry = await app.QueryAsync(x => x.Ledger.SingleAsync(TestContext.Current.CancellationToken));
        Assert.Equal((Text(result, "refundId"), "call-1", "call-1", 100_400L), (refund.Id, refund.CallId, entry.CallId, entry.BalanceAfterCents));
        Assert.Equal(100_400, await BalanceAsync(app));
        Assert.Equal(400, await app.QueryAsync(x => x.Transactions.Where(t => t.Id == "txn_1").Select(t => t.RefundedCents).SingleAsync(TestContext.Current.CancellationToken)));
    }

    [Theory]
    [InlineData("txn_none", 1, "transaction_not_found")]
    [InlineData("txn_3", 1, "transaction_pending")]
    [InlineData("txn_4", 1, "account_closed")]
    [InlineData("txn_1", 451, "amount_exceeds_transaction")]
    public async Task A_refusal_is_an_ordinary_result_and_changes_nothing(string transaction, long amount, string error)
    {
        await using var app = await ToolWorkersApp.StartAsync(seed: true);

        using var result = JsonDocument.Parse((await app.CallAsync(Arguments(transaction, amount), tool: Tool)).Success.Result);

        Assert.Equal(error, Text(result, "error"));
        Assert.NotEmpty(Text(result, "message") ?? "");
        Assert.Equal(0, await app.QueryAsync(x => x.Refunds.CountAsync(TestContext.Current.CancellationToken)));
    }

    [Fact]
    public async Task A_transaction_is_refunded_once_however_many_calls_ask_at_once()
    {
        await using var app = await ToolWorkersApp.StartAsync(x => x.Clock = TimeProvider.System, seed: true);

        await Task.WhenAll(Enumerable.Range(0, 8).Select(x => app.SendAsync(app.NewCall(Arguments("txn_1", 100), $"call-{x}", Tool))));
        var results = new List<string>();
        for (var answer = 0; answer < 8; answer++)
        {
            results.Add((await app.NextAnswerAsync()).Success.Result);
        }

        Assert.Single(results, x => x.Contains("issued", StringComparison.Ordinal));
        Assert.Equal(7, results.Count(x => x.Contains("already_refunded", StringComparison.Ordinal)));
        Assert.Equal(100_100, await BalanceAsync(app));
    }

    [Fact]
    public async Task Refunds_to_one_account_at_once_are_all_in_its_balance()
    {
        await using var app = await ToolWorkersApp.StartAsync(x => x.Clock = TimeProvider.System, seed: true);
        string[] transactions = ["txn_1", "txn_2", "txn_5", "txn_6", "txn_7", "txn_8"];

        await Task.WhenAll(transactions.Select(x => app.SendAsync(app.NewCall(Arguments(x, 100), $"call-{x}", Tool))));
        foreach (var _ in transactions)
        {
            Assert.Contains("issued", (await app.NextAnswerAsync()).Success.Result, StringComparison.Ordinal);
        }

        Assert.Equal(100_600, await BalanceAsync(app));
        var balances = await app.QueryAsync(x => x.Ledger.Select(e => e.BalanceAfterCents).ToListAsync(TestContext.Current.CancellationToken));
        Assert.Equal([100_100, 100_200, 100_300, 100_400, 100_500, 100_600], balances.Order());
    }

    [Fact]
    public async Task A_process_that_dies_between_refund_and_answer_causes_one_refund_and_the_recorded_answer()
    {
        await using var app = await ToolWorkersApp.StartAsync(seed: true);
        app.Sends.FailNext(1);

        using var result = JsonDocument.Parse((await app.CallAsync(Arguments("txn_1", 100), "call-1", Tool)).Success.Result);

        Assert.Equal(1, app.Sends.Failed);
        var refund = await app.QueryAsync(x => x.Refunds.SingleAsync(TestContext.Current.CancellationToken));
        Assert.Equal(refund.Id, Text(result, "refundId"));
    }

    [Fact]
    public async Task A_run_that_was_interrupted_before_its_refund_is_run_again()
    {
        await using var app = await ToolWorkersApp.StartAsync(seed: true);
        await InsertStartedAsync(app, "call-1");

        Assert.Contains("issued", (await app.CallAsync(Arguments("txn_1", 100), "call-1", Tool)).Success.Result, StringComparison.Ordinal);
        Assert.Equal(100_100, await BalanceAsync(app));
    }

    [Fact]
    public async Task A_refund_whose_record_was_deleted_is_not_issued_again()
    {
        await using var app = await ToolWorkersApp.StartAsync(seed: true);
        var first = await app.CallAsync(Arguments("txn_1", 100), "call-1", Tool);
        await app.QueryAsync(x => x.Calls.ExecuteDeleteAsync(TestContext.Current.CancellationToken));

        var again = await app.CallAsync(Arguments("txn_1", 100), "call-1", Tool);

        Assert.Equal(first.Success.Result, again.Success.Result);
        Assert.Equal(100_100, await BalanceAsync(app));
    }

    [Fact]
    public async Task A_run_that_outlived_its_call_refunds_nothing()
    {
        await using var app = await ToolWorkersApp.StartAsync(seed: true);
        await InsertStartedAsync(app, "call-1");
        var call = app.NewCall(Arguments("txn_1", 100), "call-1", Tool);
        await app.Services.GetRequiredService<CallRecords>().FinishAsync(call, ToolAnswer.Failed(FailureCode.ToolTimeout, "too slow"), TestContext.Current.CancellationToken);
        using var arguments = JsonDocument.Parse(call.Arguments);

        await ActivatorUtilities.CreateInstance<IssueRefundTool>(app.Services).ExecuteAsync(
            new ToolCall
            {
                InvocationId = call.InvocationId,
                CallId = call.CallId,
                Tool = call.Tool,
                Arguments = arguments.RootElement,
                Tenant = call.Tenant,
                Agent = call.Agent,
                Deadline = call.Deadline,
            },
            TestContext.Current.CancellationToken);

        Assert.Equal(0, await app.QueryAsync(x => x.Refunds.CountAsync(TestContext.Current.CancellationToken)));
        Assert.Equal(FailureCode.ToolTimeout, (await app.CallAsync(call)).Failure.Code);
    }

    private static Task<int> InsertStartedAsync(ToolWorkersApp app, string callId) => app.QueryAsync(database =>
    {
        database.Calls.Add(new CallRecord { CallId = callId, Tool = Tool, StartedAt = app.Time.GetUtcNow(), StartedBy = "a process that is gone", LeaseUntil = app.Time.GetUtcNow() });
        return database.SaveChangesAsync(TestContext.Current.CancellationToken);
    });

    private static Task<long> BalanceAsync(ToolWorkersApp app) =>
        app.QueryAsync(x => x.Accounts.Where(a => a.Id == "acc_1").Select(a => a.BalanceCents).SingleAsync(TestContext.Current.CancellationToken));

    private static string Arguments(string transaction, long amount) => $$"""{"transactionId":"{{transaction}}","amountCents":{{amount}},"reason":"Charged twice"}""";

    private static string? Text(JsonDocument document, string member) => document.RootElement.GetProperty(member).GetString();
}
