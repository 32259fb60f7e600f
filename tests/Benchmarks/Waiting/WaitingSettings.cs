using Pipeline.Benchmarks.Servers;

namespace Pipeline.Benchmarks.Waiting;

internal sealed record WaitingSettings
{
    public required ServerAddresses Servers { get; init; }

    /// <summary>Invocations that wait at once.</summary>
    public required int Count { get; init; }

    /// <summary>They wait for the model, else for a tool.</summary>
    public required bool ForModel { get; init; }

    /// <summary>Invocations that are run beside those that wait.</summary>
    public int Beside { get; init; } = 200;
}
