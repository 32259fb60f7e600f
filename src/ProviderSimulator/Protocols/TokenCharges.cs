using Pipeline.ProviderSimulator.Limits;
using Pipeline.ProviderSimulator.Scripts;

namespace Pipeline.ProviderSimulator.Protocols;

/// <summary>What one call takes from the token limits: at admission, when the input is known, and as output is produced.</summary>
internal sealed class TokenCharges
{
    private readonly ChargeModel _model;
    private readonly int _maxTokens;
    private readonly int _estimate;

    public TokenCharges(ModelRequest request, LimitOptions limits, ChargeModel protocols, ulong seed, long sequence)
    {
        _model = limits.ChargeOr(protocols);
        _maxTokens = request.MaxTokens ?? 0;
        double noise = limits.EstimateNoise == 0 ? 0 : limits.EstimateNoise * ((2 * new SeededDraws(seed, $"estimate {sequence}").Next()) - 1);
        _estimate = (int)Math.Clamp(Math.Round(request.PromptTokens * limits.EstimateFactor * (1 + noise)), 1, int.MaxValue / 4);
        // Two tokens limits cannot overflow: a reader accepts any max_tokens.
        int capped = Math.Min(_maxTokens, int.MaxValue / 4);
        Admission = _model switch
        {
            ChargeModel.LargerOfPromptAndMaxTokens => new Charge(Math.Max(_estimate, capped), _estimate, capped),
            ChargeModel.PromptPlusMaxTokens => new Charge(_estimate + capped, _estimate, capped),
            ChargeModel.InputAndMaxTokens => new Charge(_estimate, _estimate, capped),
            _ => new Charge(_estimate, _estimate, 0),
        };
        _maxTokens = capped;
    }

    public Charge Admission { get; }

    /// <summary>The correction of the estimate; what comes from the prompt cache is free.</summary>
    public Charge AtInput(ModelAnswer answer)
    {
        int correction = answer.InputTokens - answer.CachedTokens - _estimate;
        return _model is ChargeModel.InputThenOutput or ChargeModel.InputAndMaxTokens ? new Charge(correction, correction, 0) : default;
    }

    public Charge AtOutput(int tokens) => _model switch
    {
        ChargeModel.InputThenOutput => new Charge(tokens, 0, tokens),
        ChargeModel.InputAndMaxTokens => new Charge(tokens, 0, 0),
        _ => default,
    };

    public Charge AtEnd(int outputTokens) => _model == ChargeModel.InputAndMaxTokens ? new Charge(0, 0, outputTokens - _maxTokens) : default;
}
