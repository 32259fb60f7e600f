namespace Pipeline.Orchestrator.Admission;

/// <summary>What a caller who finds its agent closed is told.</summary>
/// <param name="Kind">Why.</param>
/// <param name="NotBefore">UTC: when to come back; without meaning for those who may go on.</param>
internal sealed record DeferralAnswer(DeferralKind Kind, DateTime NotBefore);

internal enum DeferralKind
{
    None = 0,

    /// <summary>The same submission was accepted before, and is answered so again.</summary>
    AcceptedBefore,

    /// <summary>Its key stands beside another invocation's id.</summary>
    KeyAcceptedBefore,

    /// <summary>Comes back at its time.</summary>
    Due,

    /// <summary>Comes back too early: the place stays where it was.</summary>
    Early,

    /// <summary>New; a place is kept.</summary>
    Promised,

    /// <summary>New; the queue of kept places is as long as it may be.</summary>
    NoPlace,
}
