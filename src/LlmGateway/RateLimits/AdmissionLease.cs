namespace Pipeline.LlmGateway.RateLimits;

/// <summary>The right to make one call. Dispose it when the call has ended; what was not settled stays charged.</summary>
internal sealed class AdmissionLease(AdmissionGate gate, long estimatedTokens, bool isProbe) : IDisposable
{
    private long _unusedTokens;
    private bool _sent = true;
    private bool _answered;
    private bool _left;

    public bool IsProbe => isProbe;

    /// <summary>The provider answered and counted.</summary>
    public void Settle(long usedTokens)
    {
        _answered = true;
        _unusedTokens = estimatedTokens - usedTokens;
    }

    /// <summary>No call was made.</summary>
    public void NotSent()
    {
        _sent = false;
        _unusedTokens = estimatedTokens;
    }

    public void Dispose()
    {
        if (!_left)
        {
            _left = true;
            gate.Leave(this, _unusedTokens, _sent, _answered);
        }
    }
}
