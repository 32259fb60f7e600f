namespace Pipeline.Integration.Tests.CrashPoints;

/// <summary>What a <see cref="RunningPipeline"/> runs; by default the sample of payment disputes.</summary>
internal sealed record PipelineSetup
{
    /// <summary>The services that start with the pipeline, in this order.</summary>
    public IReadOnlyList<string> Services { get; init; } = ["ToolWorkers", "LlmGateway", "Orchestrator"];

    /// <summary>The directory with the agents; that with the tools lies beside it.</summary>
    public string Agents { get; init; } = Path.Combine(Checkout.Samples, "agents");

    public string Tools { get; init; } = Path.Combine(Checkout.Samples, "tools");

    /// <summary>How the simulated model works.</summary>
    public string Rules { get; init; } = Path.Combine(Checkout.Samples, "model-rules.json");

    /// <summary>Further settings, by service.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> Settings { get; init; } = new Dictionary<string, IReadOnlyDictionary<string, string>>();
}
