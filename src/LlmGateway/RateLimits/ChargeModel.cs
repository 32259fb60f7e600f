namespace Pipeline.LlmGateway.RateLimits;

/// <summary>What a call takes from a provider's token limits, and when.</summary>
public enum ChargeModel
{
    /// <summary>As the provider documents it: OpenAI <see cref="LargerOfPromptAndMaxTokens"/>, Azure <see cref="PromptPlusMaxTokens"/>, Anthropic <see cref="InputThenOutput"/>.</summary>
    ByProtocol = 0,

    /// <summary>max(prompt, requested output) when the call arrives, for good.</summary>
    LargerOfPromptAndMaxTokens = 1,

    /// <summary>Prompt and requested output when the call arrives, for good.</summary>
    PromptPlusMaxTokens = 2,

    /// <summary>The prompt when the call arrives, corrected by what was really read (cache reads are free); output as it is produced.</summary>
    InputThenOutput = 3,

    /// <summary>As <see cref="InputThenOutput"/>, but the requested output stands against the output limit until the call ends.</summary>
    InputAndMaxTokens = 4,
}
