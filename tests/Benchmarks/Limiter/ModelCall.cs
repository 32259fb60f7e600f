namespace Pipeline.Benchmarks.Limiter;

/// <summary>One request to the gateway, and what became of it.</summary>
internal sealed class ModelCall
{
    public required Guid Id { get; init; }

    public required string Pool { get; init; }

    public required string Tenant { get; init; }

    public required RequestSize Size { get; init; }

    public required DateTimeOffset Deadline { get; init; }

    public DateTimeOffset PublishedAt { get; set; }

    public DateTimeOffset? AnsweredAt { get; set; }

    /// <summary>Of the first answer.</summary>
    public string? AnswerMessageId { get; set; }

    /// <summary>Why there was no completion; null where there was one, or nothing yet.</summary>
    public string? FailureCode { get; set; }

    /// <summary>Copies of the first answer with the same message id, as a redelivery after a crash makes: a receiver drops them.</summary>
    public int Repeats { get; set; }

    /// <summary>Answers with another message id: a receiver would take them for news.</summary>
    public int Duplicates { get; set; }

    public TaskCompletionSource Answered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
