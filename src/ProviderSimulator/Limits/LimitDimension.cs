using System.Text.Json.Serialization;

namespace Pipeline.ProviderSimulator.Limits;

/// <summary>What a limit counts.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LimitDimension>))]
public enum LimitDimension
{
    None = 0,
    Requests = 1,
    Tokens = 2,
    InputTokens = 3,
    OutputTokens = 4,
    Concurrency = 5,

    /// <summary>Growth of the load (<c>slow_down</c>).</summary>
    Ramp = 6,
}
