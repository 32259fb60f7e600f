namespace Pipeline.LlmGateway.RateLimits;

/// <summary>Tokens by the limits that count them.</summary>
/// <param name="Tokens">Of the limit of input and output together.</param>
/// <param name="InputTokens">Of the limit of input.</param>
/// <param name="OutputTokens">Of the limit of output.</param>
internal readonly record struct TokenAmounts(double Tokens, double InputTokens, double OutputTokens)
{
    public double Of(LimitDimension dimension) => dimension switch
    {
        LimitDimension.Tokens => Tokens,
        LimitDimension.InputTokens => InputTokens,
        LimitDimension.OutputTokens => OutputTokens,
        _ => 0,
    };
}
