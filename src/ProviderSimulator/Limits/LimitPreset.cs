using System.Text.Json.Serialization;

namespace Pipeline.ProviderSimulator.Limits;

/// <summary>A provider's way of counting, as defaults of the knobs that are not set.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LimitPreset>))]
public enum LimitPreset
{
    None = 0,

    /// <summary>Continuous buckets of a minute; max(max_tokens, prompt) at admission.</summary>
    OpenAi = 1,

    /// <summary>Continuous buckets of a minute; input at admission, output as produced, cache reads free.</summary>
    Anthropic = 2,

    /// <summary>Requests counted by 10 s, tokens by the clock's minute; prompt + max_tokens at admission.</summary>
    Azure = 3,

    /// <summary>An exact log of 60 s for everything.</summary>
    Sliding60s = 4,
}
