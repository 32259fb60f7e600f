using Pipeline.Contracts.Completions;
using Pipeline.LlmGateway.Pools;
using Pipeline.LlmGateway.RateLimits;

namespace Pipeline.LlmGateway.Estimates;

/// <summary>
/// What requests to one pool will take, learned from what those before them took, for each agent: how many tokens the provider bills for one of
/// ours, and how much output is usual. Bounded: the agents that were seen longest ago are forgotten first. Thread-safe.
/// </summary>
internal sealed class PoolEstimates(string pool, PoolOptions options, ChargeModel charges, EstimateMetrics metrics)
{
    private const int MaxAgents = 1024;

    /// <summary>Samples of output below which the configured share is used.</summary>
    private const int MinSamples = 20;

    /// <summary>The weight of the newest sample once there are many.</summary>
    private const double Newest = 0.05;

    private const double SmallestRatio = 0.25;
    private const double LargestRatio = 4;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Learned> _agents = new(StringComparer.Ordinal);
    private readonly Learned _all = new("");
    private long _uses;

    private bool ChargesOutputAsProduced => charges is ChargeModel.InputThenOutput or ChargeModel.InputAndMaxTokens;

    /// <summary>
    /// Tokens of the prompt as the limits count them. Where the provider counts characters by a rule of its own, that rule; where it counts
    /// tokens, what the last answers say a token of ours comes to.
    /// </summary>
    public long PromptOf(RequestCompletion request)
    {
        var size = PromptSize.TokensOf(request);
        if (!ChargesOutputAsProduced)
        {
            return size;
        }

        lock (_lock)
        {
            return (long)Math.Ceiling(size * RatioOf(request.Agent));
        }
    }

    /// <summary>Output that is likely not exceeded; matters where it is charged as it is produced.</summary>
    public long ExpectedOutput(string agent, long maxOutput)
    {
        lock (_lock)
        {
            return OutputOf(agent, options.OutputQuantile) is { } usual ? Math.Min(maxOutput, usual) : (long)(maxOutput * options.OutputShare);
        }
    }

    /// <summary>
    /// The most output to ask for: what was requested, or, where the pool may learn it, twice what nearly all answers of the agent took. For
    /// providers that charge it in full at once, so that room which is never used is not paid for with the limit.
    /// </summary>
    public int MaxOutput(string agent, int requested)
    {
        if (!options.LearnMaxTokens || ChargesOutputAsProduced)
        {
            return requested;
        }

        lock (_lock)
        {
            return OutputOf(agent, 0.99) is { } most ? (int)Math.Clamp(2 * most, 1, requested) : requested;
        }
    }

    /// <summary>Learns from an answer, and shows how wrong the estimates were.</summary>
    /// <param name="request">What was asked.</param>
    /// <param name="usage">What was billed.</param>
    public void Learn(RequestCompletion request, TokenUsage usage)
    {
        var size = PromptSize.TokensOf(request);
        lock (_lock)
        {
            var reserved = Math.Max(1, size * (ChargesOutputAsProduced ? RatioOf(request.Agent) : 1));
            metrics.Estimated(pool, "input", reserved, usage.InputTokens);
            var agent = Of(request.Agent);
            if (usage.InputTokens > 0 && size > 0)
            {
                var ratio = Math.Clamp((double)usage.InputTokens / size, SmallestRatio, LargestRatio);
                agent.LearnRatio(ratio, Newest);
                _all.LearnRatio(ratio, Newest);
            }

            if (OutputOf(request.Agent, options.OutputQuantile) is { } usual)
            {
                metrics.Estimated(pool, "output", Math.Min(usual, request.MaxOutputTokens), usage.OutputTokens);
            }

            agent.Output.Add(usage.OutputTokens);
        }
    }

    /// <summary>Shows how far what was reserved was from what was charged.</summary>
    /// <param name="domain">The limit domain.</param>
    /// <param name="reserved">Before the call.</param>
    /// <param name="settled">After it; null where what was reserved stays taken.</param>
    public void Settled(string domain, in Charge reserved, in Charge? settled)
    {
        if (settled is { } charged)
        {
            metrics.Reserved(domain, reserved.AtArrival.Tokens + reserved.AsProduced.Tokens, charged.AtArrival.Tokens + charged.AsProduced.Tokens);
        }
    }

    // All below are called with the lock held.

    /// <summary>The agent's own ratio, weighed against the pool's until there are samples enough.</summary>
    private double RatioOf(string agent)
    {
        if (!_agents.TryGetValue(agent, out var learned) || learned.Ratios == 0)
        {
            return _all.Ratios == 0 ? 1 : _all.Ratio;
        }

        var trust = Math.Min(1, learned.Ratios / (double)MinSamples);
        return (trust * learned.Ratio) + ((1 - trust) * _all.Ratio);
    }

    private long? OutputOf(string agent, double part) =>
        _agents.TryGetValue(agent, out var learned) && learned.Output.Samples >= MinSamples ? learned.Output.Quantile(part) : null;

    private Learned Of(string agent)
    {
        if (!_agents.TryGetValue(agent, out var learned))
        {
            if (_agents.Count >= MaxAgents)
            {
                _agents.Remove(_agents.Values.MinBy(x => x.LastUse)!.Agent);
            }

            learned = new Learned(agent);
            _agents.Add(agent, learned);
        }

        learned.LastUse = ++_uses;
        return learned;
    }

    private sealed class Learned(string agent)
    {
        public string Agent => agent;

        public long LastUse { get; set; }

        public double Ratio { get; private set; } = 1;

        public long Ratios { get; private set; }

        public TokenHistogram Output { get; } = new();

        /// <summary>A plain mean at first, then the newest samples weigh more.</summary>
        public void LearnRatio(double ratio, double newest)
        {
            Ratios++;
            Ratio += (ratio - Ratio) * Math.Max(newest, 1d / Ratios);
        }
    }
}
