namespace Pipeline.LlmGateway.Completions;

/// <summary>What follows from a failed attempt.</summary>
internal abstract record NextStep
{
    /// <summary>The same pool again, after a wait or at once.</summary>
    internal sealed record TryAgain(TimeSpan Wait) : NextStep;

    /// <summary>Another pool stands in.</summary>
    internal sealed record FallBack(string Pool) : NextStep;

    /// <summary>The failure is the answer.</summary>
    internal sealed record GiveUp : NextStep;
}
