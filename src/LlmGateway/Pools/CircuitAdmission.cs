namespace Pipeline.LlmGateway.Pools;

/// <summary>Whether an endpoint may be called.</summary>
/// <param name="Answer">Yes, as the one probe, or not now.</param>
/// <param name="NotUntil">When it is worth asking again; null where the end of another call decides it, or where it may be called now.</param>
internal readonly record struct CircuitAdmission(CircuitAnswer Answer, DateTimeOffset? NotUntil = null);

internal enum CircuitAnswer
{
    Yes = 0,

    /// <summary>This one call looks whether the endpoint is well again.</summary>
    Probe = 1,

    No = 2,
}

/// <summary>The right to make one call; <see cref="EndpointCircuit.Leave"/> ends it.</summary>
/// <param name="IsProbe">Its outcome closes the circuit, or opens it again.</param>
/// <param name="Opening">How often the circuit had opened: what comes back from before tells nothing of now.</param>
internal sealed record CircuitPass(bool IsProbe, int Opening);
