namespace Pipeline.EmbeddedHost;

/// <summary>What was asked for on the command line.</summary>
internal sealed record EmbeddedSettings
{
    public static string SampleFolder { get; } = Path.Combine(AppContext.BaseDirectory, "samples", "payment-disputes");

    public required string File { get; init; }

    public required string Data { get; init; }

    public required bool Fresh { get; init; }

    public required bool Serve { get; init; }

    public required string? Url { get; init; }

    public required string? Timeline { get; init; }

    public required TimeSpan Timeout { get; init; }

    public required bool Submit { get; init; }
}
