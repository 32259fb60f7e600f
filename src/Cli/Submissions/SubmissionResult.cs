namespace Pipeline.Cli.Submissions;

/// <summary>What became of one submission; a line of <c>submit --json</c>.</summary>
internal sealed record SubmissionResult
{
    /// <summary>The line of the file; absent for a single submission.</summary>
    public int? Line { get; init; }

    public string? InvocationId { get; init; }

    public required string IdempotencyKey { get; init; }

    /// <summary><c>accepted</c>, <c>rejected</c>, <c>deferred</c>, or after <c>--wait</c> the terminal event.</summary>
    public required string Event { get; init; }

    public string? Output { get; init; }

    public bool? Degraded { get; init; }

    public string? Code { get; init; }

    public string? Reason { get; init; }

    public double? RetryAfterSeconds { get; init; }

    public int ExitCode => Event switch
    {
        "accepted" or "completed" => Cli.ExitCode.Ok,
        "deferred" => Cli.ExitCode.Deferred,
        _ => Cli.ExitCode.EndedBadly,
    };
}
