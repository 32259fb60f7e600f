using Pipeline.Contracts;
using Pipeline.Contracts.Completions;
using Pipeline.Contracts.Invocations;
using Pipeline.Fixtures;
using Pipeline.Orchestrator.Tests.Setup;

namespace Pipeline.Orchestrator.Tests.Invocations;

/// <summary>Why something ended is other people's text: providers', tools', operators'.</summary>
public sealed class ReasonTests
{
    [Theory]
    [InlineData("Sqlite")]
    [InlineData("Postgres")]
    public async Task A_reason_that_no_column_takes_as_it_is_ends_the_invocation_all_the_same(string provider)
    {
        await using var database = await TestDatabase.CreateAsync(provider);
        await using var orchestrator = await OrchestratorFixture.StartAsync(new OrchestratorSetup { Database = database });
        var request = await orchestrator.StartInvocationAsync();

        // A zero byte, and a surrogate pair across the cut at 2000 characters.
        var reason = "\0" + new string('x', 1998) + "😀 and more";
        await orchestrator.SendAsync(new CompletionFailed { InvocationId = request.InvocationId, Turn = 1, Code = FailureCode.ModelUnavailable, Reason = reason });

        var failed = await orchestrator.AssertEndedAsync(request.InvocationId, InvocationEventName.Failed);
        Assert.Equal("\uFFFD" + new string('x', 1998), failed.Reason);
    }
}
