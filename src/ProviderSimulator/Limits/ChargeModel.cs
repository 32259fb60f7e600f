using System.Text.Json.Serialization;

namespace Pipeline.ProviderSimulator.Limits;

/// <summary>What a call takes from the token limits, and when.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ChargeModel>))]
public enum ChargeModel
{
    /// <summary>The protocol's own: OpenAI <see cref="LargerOfPromptAndMaxTokens"/>, Anthropic <see cref="InputThenOutput"/>, Azure <see cref="PromptPlusMaxTokens"/>.</summary>
    Protocol = 0,

    /// <summary>max(max_tokens, estimate of the prompt) at admission, for good.</summary>
    LargerOfPromptAndMaxTokens = 1,

    /// <summary>Estimate of the prompt and max_tokens at admission, for good.</summary>
    PromptPlusMaxTokens = 2,

    /// <summary>Input by estimate at admission, corrected by the usage, cache reads free; output as it is produced.</summary>
    InputThenOutput = 3,

    /// <summary>As <see cref="InputThenOutput"/>, but max_tokens stands against the output limit from admission to the end.</summary>
    InputAndMaxTokens = 4,
}
