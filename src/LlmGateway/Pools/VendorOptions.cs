namespace Pipeline.LlmGateway.Pools;

/// <summary>What the pools of one provider share unless they say otherwise. A class, not a record: a record's ToString would print the key.</summary>
public sealed class VendorOptions
{
    /// <value>The root that the vendor's own SDK would be given; the vendor's public address where absent.</value>
    public string? BaseUrl { get; set; }

    /// <value>The API key; the vendor's usual environment variable (<c>OPENAI_API_KEY</c>, <c>ANTHROPIC_API_KEY</c>) where absent.</value>
    public string? ApiKey { get; set; }
}
