using Microsoft.Extensions.Options;
using Pipeline.Orchestrator.Agents;
using Pipeline.Orchestrator.Invocations;

namespace Pipeline.Orchestrator.Admission;

/// <summary>The agents of this process, and what it hears of their invocations.</summary>
internal sealed class AgentLoads : IDisposable
{
    private readonly Dictionary<string, AgentLoad> _agents;
    private readonly InvocationMetrics _heard;
    private readonly TurnRate _turns;

    public AgentLoads(AgentCatalog agents, QueueDepths depths, PoolPressures pressures, TurnRate turns, InvocationMetrics heard, IOptions<AdmissionOptions> options, IServiceScopeFactory scopes, TimeProvider time, ILogger<AgentLoads> logger)
    {
        _agents = agents.Current.ToDictionary(
            x => x.Name,
            x => new AgentLoad(x, new AgentPacing(AdmissionLimits.Of(x, options.Value), options.Value, Random.Shared.NextDouble), scopes, depths, pressures, turns, options.Value, time, logger),
            StringComparer.Ordinal);
        (_heard, _turns) = (heard, turns);
        heard.InvocationEnded += Ended;
        heard.AgentAnswered += Answered;
    }

    public IReadOnlyCollection<AgentLoad> All => _agents.Values;

    public AgentLoad Of(string agent) => _agents[agent];

    public void Dispose()
    {
        _heard.InvocationEnded -= Ended;
        _heard.AgentAnswered -= Answered;
        foreach (var agent in _agents.Values)
        {
            agent.Dispose();
        }
    }

    private void Ended(string agent)
    {
        if (_agents.TryGetValue(agent, out var load))
        {
            load.Ended();
        }
    }

    private void Answered(string agent)
    {
        if (_agents.TryGetValue(agent, out var load))
        {
            _turns.Answered(load.Agent.Pool);
        }
    }
}
