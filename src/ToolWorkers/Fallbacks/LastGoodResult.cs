namespace Pipeline.ToolWorkers.Fallbacks;

/// <summary>What a tool answered last for one tenant and one set of arguments.</summary>
internal sealed record LastGoodResult
{
    /// <summary>Hash of tool, tenant and arguments.</summary>
    public required string Key { get; init; }

    public required string Tool { get; init; }

    public required string Tenant { get; init; }

    public required string Result { get; init; }

    public required DateTimeOffset At { get; init; }
}
