namespace Pipeline.ProviderSimulator.Limits;

/// <summary>Somebody else who uses the same organisation. 0 requests = nobody.</summary>
public sealed class ForeignTrafficOptions
{
    /// <value>Calls a minute on average; they come at random times, drawn from the seed.</value>
    public double RequestsPerMinute { get; set; }

    /// <value>Input tokens of each call.</value>
    public int InputTokens { get; set; } = 1000;

    /// <value>Output tokens of each call.</value>
    public int OutputTokens { get; set; } = 200;

    /// <value>The model they ask, which decides the class.</value>
    public string Model { get; set; } = "";
}
