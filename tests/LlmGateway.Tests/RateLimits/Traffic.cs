namespace Pipeline.LlmGateway.Tests.RateLimits;

/// <summary>What is asked of a simulated provider, and how it differs from what the gateway thinks.</summary>
internal sealed record Traffic
{
    public int MedianPrompt { get; init; } = 2200;

    public int LargestPrompt { get; init; } = 60_000;

    public int MaxOutput { get; init; } = 1000;

    /// <summary>What is reserved for output that is charged as it is produced; the most that is asked for where null.</summary>
    public int? ExpectedOutput { get; init; }

    /// <summary>How long a call takes, on average.</summary>
    public double Seconds { get; init; } = 5;

    /// <summary>How much later than sent a call arrives, at most.</summary>
    public double JitterMs { get; init; } = 50;

    /// <summary>How much more the provider counts for a prompt than the gateway estimates.</summary>
    public double Bias { get; init; }

    /// <summary>Spread of that, from call to call.</summary>
    public double Noise { get; init; }

    public bool Headers { get; init; } = true;

    public bool LimitInHeaders { get; init; } = true;
}
