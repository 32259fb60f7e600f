using MassTransit;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Orchestrator.Invocations;
using Pipeline.Orchestrator.Tests.Setup;

namespace Pipeline.Orchestrator.Tests.Invocations;

public sealed class InvocationStateMachineTests
{
    [Fact]
    public void Every_state_answers_every_event()
    {
        using var agents = new AgentFolder().WithAgent();
        using var metrics = new InvocationMetrics();
        var machine = new InvocationStateMachine(agents.Load(), metrics, TimeProvider.System, NullLogger<InvocationStateMachine>.Instance);
        // Events by the machine's own declarations: one that is added later is asked for too.
        var events = typeof(InvocationStateMachine).GetProperties()
            .Where(x => typeof(Event).IsAssignableFrom(x.PropertyType))
            .Select(x => ((Event)x.GetValue(machine)!).Name)
            .ToList();
        var states = machine.States.Except([machine.Initial, machine.Final]).ToList();

        Assert.Equal(8, events.Count);
        Assert.Equal(6, states.Count);
        foreach (var state in states)
        {
            var answered = machine.NextEvents(state).Select(x => x.Name).ToHashSet();
            var unanswered = events.Where(x => !answered.Contains(x)).ToList();
            Assert.True(unanswered.Count == 0, $"State '{state.Name}' neither handles nor ignores: {string.Join(", ", unanswered)}");
        }
    }

    [Fact]
    public void Only_a_submission_starts_an_invocation()
    {
        using var agents = new AgentFolder().WithAgent();
        using var metrics = new InvocationMetrics();
        var machine = new InvocationStateMachine(agents.Load(), metrics, TimeProvider.System, NullLogger<InvocationStateMachine>.Instance);

        Assert.Equal(nameof(InvocationStateMachine.Submitted), Assert.Single(machine.NextEvents(machine.Initial)).Name);
    }
}
