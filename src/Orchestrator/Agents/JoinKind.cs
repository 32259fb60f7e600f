namespace Pipeline.Orchestrator.Agents;

/// <summary>The kinds of join rule.</summary>
public enum JoinKind
{
    None = 0,

    /// <summary>Every call has its result or its failure.</summary>
    AllSettled = 1,

    /// <summary>Every call has its result, or one has failed.</summary>
    All = 2,

    /// <summary>As many calls as the rule says have a result of the tool's own, or every call is settled.</summary>
    AtLeast = 3,
}
