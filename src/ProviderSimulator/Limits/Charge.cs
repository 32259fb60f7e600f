namespace Pipeline.ProviderSimulator.Limits;

/// <summary>What one call takes from each token limit. A request is always one.</summary>
public readonly record struct Charge(int Tokens, int InputTokens, int OutputTokens)
{
    internal int Of(LimitDimension dimension) => dimension switch
    {
        LimitDimension.Requests => 1,
        LimitDimension.Tokens => Tokens,
        LimitDimension.InputTokens => InputTokens,
        LimitDimension.OutputTokens => OutputTokens,
        _ => 0,
    };
}
