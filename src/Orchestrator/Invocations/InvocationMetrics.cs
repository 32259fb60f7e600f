using System.Diagnostics.Metrics;
using Pipeline.Contracts.Completions;

namespace Pipeline.Orchestrator.Invocations;

/// <summary>Metrics of invocations (meter <c>Pipeline.Orchestrator</c>).</summary>
public sealed class InvocationMetrics : IDisposable
{
    public const string Name = "Pipeline.Orchestrator";

    private readonly Meter _meter = new(Name);
    private readonly Counter<long> _submitted;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _ended;
    private readonly Histogram<double> _duration;
    private readonly Histogram<long> _tokens;
    private readonly Counter<long> _tenantTokens;

    public InvocationMetrics()
    {
        _submitted = _meter.CreateCounter<long>("pipeline.submissions", "{submission}", "Submissions that passed the gate, by agent.");
        _refused = _meter.CreateCounter<long>("pipeline.submissions.refused", "{submission}", "Submissions refused, by code.");
        _ended = _meter.CreateCounter<long>("pipeline.invocations.ended", "{invocation}", "Invocations that reached their terminal event, by agent, outcome and code.");
        _duration = _meter.CreateHistogram<double>("pipeline.invocation.duration", "s", "Time from acceptance to the terminal event.");
        _tokens = _meter.CreateHistogram<long>("pipeline.invocation.tokens", "{token}", "Tokens of one invocation, input and output together.");
        _tenantTokens = _meter.CreateCounter<long>("pipeline.tenant.tokens", "{token}", "Tokens by tenant, agent and gen_ai.token.type.");
    }

    /// <summary>An invocation of this agent ended in this process; raised before its commit.</summary>
    public event Action<string>? InvocationEnded;

    /// <summary>A model turn of this agent was answered to this process; raised before its commit.</summary>
    public event Action<string>? AgentAnswered;

    public void Submitted(string agent) => _submitted.Add(1, Tag("agent", agent));

    public void Refused(string code) => _refused.Add(1, Tag("code", code));

    public void TurnAnswered(string agent, string tenant, TokenUsage usage)
    {
        AgentAnswered?.Invoke(agent);
        _tenantTokens.Add(usage.InputTokens, Tag("tenant", tenant), Tag("agent", agent), Tag("gen_ai.token.type", "input"));
        _tenantTokens.Add(usage.OutputTokens, Tag("tenant", tenant), Tag("agent", agent), Tag("gen_ai.token.type", "output"));
    }

    public void Ended(string agent, string outcome, string? code, TimeSpan took, int tokens)
    {
        InvocationEnded?.Invoke(agent);
        _ended.Add(1, Tag("agent", agent), Tag("outcome", outcome), Tag("code", code));
        _duration.Record(took.TotalSeconds, Tag("agent", agent), Tag("outcome", outcome));
        _tokens.Record(tokens, Tag("agent", agent));
    }

    public void Dispose() => _meter.Dispose();

    private static KeyValuePair<string, object?> Tag(string name, object? value) => new(name, value);
}
