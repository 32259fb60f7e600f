namespace Pipeline.Benchmarks.Limiter;

/// <summary>One thing that the gateway has to show.</summary>
internal interface ILimiterScenario
{
    Task<LimiterResult> RunAsync(CancellationToken cancellationToken);
}

