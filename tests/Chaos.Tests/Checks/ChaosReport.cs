using Pipeline.Chaos.Tests.Scripts;

namespace Pipeline.Chaos.Tests.Checks;

/// <summary>What a run proved. Written as JSON and as a table.</summary>
internal sealed record ChaosReport
{
    public required string Script { get; init; }

    public required int Seed { get; init; }

    public required string Commit { get; init; }

    public required string Machine { get; init; }

    public required DateTime Started { get; init; }

    public required double Seconds { get; init; }

    /// <summary>Cases that were submitted.</summary>
    public required int Attempted { get; init; }

    /// <summary>Cases whose submission the broker confirmed.</summary>
    public required int Acknowledged { get; init; }

    /// <summary>Completed without a fallback, with exactly the refund that was due.</summary>
    public required int Ok { get; init; }

    /// <summary>Completed after a tool failed or its declared fallback answered, as designed while its database is away; the timeline and the bank agree on what was refunded.</summary>
    public required int Degraded { get; init; }

    public required int Lost { get; init; }

    public required int Duplicated { get; init; }

    public required int Unexpected { get; init; }

    /// <summary>Cases that were open during at least one fault and ended well all the same.</summary>
    public required int Recovered { get; init; }

    /// <summary>Submissions published again on purpose, and because no confirm came; messages delivered twice by the copier.</summary>
    public required int RepeatedSubmissions { get; init; }

    public required int UnconfirmedPublishes { get; init; }

    public required int CopiedMessages { get; init; }

    /// <summary>Copies that came behind messages sent after their originals.</summary>
    public required int ReorderedMessages { get; init; }

    /// <summary>Events that upstream systems heard more than once, with the same message id.</summary>
    public required int RepeatedEvents { get; init; }

    public required int ModelCalls { get; init; }

    /// <summary>Model calls for a turn that had been paid before.</summary>
    public required int ModelCallsPaidTwice { get; init; }

    public required int Kills { get; init; }

    public required IReadOnlyDictionary<string, int> Faults { get; init; }

    /// <summary>From the last fault to the last pending message; seconds.</summary>
    public required double DrainSeconds { get; init; }

    /// <summary>From accepted to ended, seconds, outages included.</summary>
    public required Percentiles? Duration { get; init; }

    /// <summary>What a killed process held: from the kill to the invocation's next progress; seconds. Measured by the script 'recovery'.</summary>
    public Percentiles? Recovery { get; init; }

    /// <summary>Trials of a frozen orchestrator, and what they met.</summary>
    public FreezeTrials? Trials { get; init; }

    public required IReadOnlyList<InvariantResult> Invariants { get; init; }

    /// <summary>Lines at error level in the services' logs, by message; not a failure by themselves.</summary>
    public required IReadOnlyDictionary<string, int> LoggedErrors { get; init; }

    public required IReadOnlyList<StruckFault> Timeline { get; init; }

    public bool Holds => Lost == 0 && Duplicated == 0 && Unexpected == 0 && Invariants.All(x => x.Holds);
}
