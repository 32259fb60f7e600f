namespace Pipeline.Orchestrator.DeadLetters;

/// <summary>Which letters are meant; members that are absent do not narrow.</summary>
public sealed record DeadLetterFilter
{
    /// <summary>The queue that they were meant for, or the one they were found in.</summary>
    public string? Queue { get; init; }

    public string? Code { get; init; }

    public string? ExceptionGroup { get; init; }

    public string? Agent { get; init; }

    public string? Tenant { get; init; }

    /// <summary>One of <see cref="DeadLetterStatus"/>.</summary>
    public string? Status { get; init; }

    public IQueryable<DeadLetter> Apply(IQueryable<DeadLetter> letters)
    {
        letters = Queue is { } queue ? letters.Where(x => x.Queue == queue || x.SourceQueue == queue) : letters;
        letters = Code is { } code ? letters.Where(x => x.Code == code) : letters;
        letters = ExceptionGroup is { } group ? letters.Where(x => x.ExceptionGroup == group) : letters;
        letters = Agent is { } agent ? letters.Where(x => x.Agent == agent) : letters;
        letters = Tenant is { } tenant ? letters.Where(x => x.Tenant == tenant) : letters;
        return Status is { } status ? letters.Where(x => x.Status == status) : letters;
    }

    /// <summary>Why it is not taken; null where it is.</summary>
    public string? Problem()
    {
        foreach (var (name, value) in new[] { ("queue", Queue), ("code", Code), ("exceptionGroup", ExceptionGroup), ("agent", Agent), ("tenant", Tenant) })
        {
            if (value is not null && (value.Length is 0 or > DeadLetterMap.LongestName || value.Contains('\0')))
            {
                return $"'{name}' must have 1 to {DeadLetterMap.LongestName} characters";
            }
        }

        return Status is not null && !DeadLetterStatus.All.Contains(Status) ? $"'status' must be one of {string.Join(", ", DeadLetterStatus.All)}" : null;
    }
}
