using System.ComponentModel.DataAnnotations;
using System.Reflection;
using Pipeline.LlmGateway.Pools;
using Pipeline.SagaStore;

namespace Pipeline.Integration.Tests.Holds;

/// <summary>
/// A broker takes a delivery for lost after 30 minutes, and some close the channel with it. The longest holds:
/// gateway: Llm:LongestHold, then its attempts to hand over the answer; orchestrator: the submission gate (10 minutes) and the store's
/// patience with an absent database, one command, one send; tool workers: the lease of another process and one run of the tool.
/// </summary>
public sealed class ConsumerTimeoutTests
{
    private static readonly TimeSpan Broker = TimeSpan.FromMinutes(30);

    [Fact]
    public void The_gateway_holds_no_request_as_long_as_the_broker_waits()
    {
        var options = new LlmOptions();
        Assert.True(options.LongestHold + (options.AnswerTimeout * options.AnswerAttempts) < Broker);
        var range = typeof(LlmOptions).GetProperty(nameof(LlmOptions.LongestHold))!.GetCustomAttribute<RangeAttribute>()!;
        Assert.True(TimeSpan.Parse((string)range.Maximum, System.Globalization.CultureInfo.InvariantCulture) < Broker);
    }

    [Fact]
    public void The_orchestrator_holds_no_event_as_long_as_the_broker_waits()
    {
        var options = new RowStoreOptions();
        var gate = TimeSpan.FromMinutes(10);
        var command = TimeSpan.FromSeconds(30);
        Assert.True(gate + options.OutagePatience + command + options.SendTimeout < Broker);
    }

    [Fact]
    public void A_tool_worker_holds_no_call_as_long_as_the_broker_waits()
    {
        // The largest timeoutSeconds that a manifest may have; beside it ten seconds of grace for the lease.
        var run = TimeSpan.FromSeconds(600);
        Assert.True(run + TimeSpan.FromSeconds(10) + run < Broker);
    }
}
