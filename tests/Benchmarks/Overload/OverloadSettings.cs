using Pipeline.Benchmarks.Servers;

namespace Pipeline.Benchmarks.Overload;

internal sealed record OverloadSettings
{
    public required ServerAddresses Servers { get; init; }

    /// <summary>How long new callers come.</summary>
    public required TimeSpan Load { get; init; }

    /// <summary>In multiples of the measured capacity.</summary>
    public required int Times { get; init; }

    /// <summary>The agent's <c>maxOpen</c>.</summary>
    public required int Cap { get; init; }

    /// <summary>Calls that the gateway has in flight at once; with <see cref="ModelDelay"/> it makes the capacity.</summary>
    public int ModelConcurrency { get; init; } = 4;

    public TimeSpan ModelDelay { get; init; } = TimeSpan.FromMilliseconds(250);
}
