namespace Pipeline.ProviderSimulator;

/// <summary>A pause that an organisation's callers were told to keep, and what came after it.</summary>
public sealed record RecoveryReport
{
    public required string Organisation { get; init; }

    public required string ModelClass { get; init; }

    /// <summary>The first refusal of the pause.</summary>
    public required DateTimeOffset RefusedAt { get; init; }

    /// <summary>The latest time that a refusal of the pause named.</summary>
    public required DateTimeOffset NotBefore { get; init; }

    /// <summary>Calls that came within the pause, after its first refusal. Those already on the way are among them.</summary>
    public required int Early { get; init; }

    /// <summary>Calls in the first second after the pause.</summary>
    public required int FirstSecond { get; init; }

    /// <summary>Milliseconds from the end of the pause to the first call, and between the calls after it; at most twenty.</summary>
    public required IReadOnlyList<double> Gaps { get; init; }
}
