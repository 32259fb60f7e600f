namespace Pipeline.Orchestrator.Admission;

/// <summary>A deferral is a promise: whoever was told to come back at a time finds a place then, at whatever replica.</summary>
public sealed class AdmissionPromise
{
    public string Agent { get; set; } = null!;

    /// <summary>Of the submission, see <see cref="CallerIdentity"/>.</summary>
    public Guid Identity { get; set; }

    /// <summary>UTC: when the caller was told to come back.</summary>
    public DateTime NotBefore { get; set; }

    /// <summary>UTC: a caller who has not come by then has lost the place.</summary>
    public DateTime ExpiresAt { get; set; }
}
