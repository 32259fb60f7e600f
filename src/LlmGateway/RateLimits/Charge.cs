namespace Pipeline.LlmGateway.RateLimits;

/// <summary>What one call takes of each limit. A request is always one.</summary>
/// <param name="AtArrival">Taken when the call reaches the provider.</param>
/// <param name="AsProduced">Taken, at most, between then and its end.</param>
internal readonly record struct Charge(TokenAmounts AtArrival, TokenAmounts AsProduced)
{
    /// <param name="model">How the provider charges; not <see cref="ChargeModel.ByProtocol"/>.</param>
    /// <param name="prompt">Tokens of the prompt, estimated.</param>
    /// <param name="maxOutput">Tokens of output that the request asks for at most.</param>
    /// <param name="expectedOutput">Tokens of output that are likely; matters where output is charged as it is produced.</param>
    public static Charge Of(ChargeModel model, long prompt, long maxOutput, long expectedOutput) => model switch
    {
        ChargeModel.LargerOfPromptAndMaxTokens => new(new(Math.Max(prompt, maxOutput), prompt, maxOutput), default),
        ChargeModel.PromptPlusMaxTokens => new(new(prompt + maxOutput, prompt, maxOutput), default),
        ChargeModel.InputThenOutput => new(new(prompt, prompt, 0), new(expectedOutput, 0, expectedOutput)),
        ChargeModel.InputAndMaxTokens => new(new(prompt, prompt, maxOutput), new(expectedOutput, 0, 0)),
        _ => throw new ArgumentOutOfRangeException(nameof(model), model, "Resolve the provider's charge model first."),
    };

    /// <summary>What the call took in the end.</summary>
    /// <param name="model">How the provider charges.</param>
    /// <param name="input">Input tokens that the limits count: without those from a cache where the provider does not count them.</param>
    /// <param name="output">Output tokens.</param>
    public Charge Settled(ChargeModel model, long input, long output) => model switch
    {
        ChargeModel.InputThenOutput => new(new(input, input, 0), new(output, 0, output)),
        ChargeModel.InputAndMaxTokens => new(new(input, input, output), new(output, 0, 0)),

        // Taken for good, whatever the answer says it used.
        _ => this,
    };
}
