namespace Pipeline.ProviderSimulator.Limits;

/// <summary>
/// All limits of one organisation; its keys share them, as they do at the providers. A call is admitted by all limits or
/// by none.
/// </summary>
internal sealed class OrganisationLimiter
{
    private readonly Lock _lock = new();
    private readonly LimitOptions _options;
    private readonly TokenBucket? _requests;
    private readonly TokenBucket? _tokens;
    private readonly TokenBucket? _input;
    private readonly TokenBucket? _output;
    private int _inWork;

    public OrganisationLimiter(string organisation, LimitOptions options, TimeProvider time)
    {
        Organisation = organisation;
        _options = options;
        _requests = Bucket(options.RequestsPerMinute);
        _tokens = Bucket(options.TokensPerMinute);
        _input = Bucket(options.InputTokensPerMinute);
        _output = Bucket(options.OutputTokensPerMinute);

        TokenBucket? Bucket(int perMinute) => perMinute == 0 ? null : new TokenBucket(perMinute, options.BurstSeconds, time);
    }

    public string Organisation { get; }

    public bool QuotaExhausted => _options.QuotaExhausted;

    /// <summary>Null if the call may go; then <see cref="Finish"/> must follow, whatever happens to the call.</summary>
    public LimitRefusal? Admit(in Charge charge)
    {
        lock (_lock)
        {
            LimitRefusal? refusal = Concurrency_NeedsLock()
                ?? Check_NeedsLock(_requests, LimitDimension.Requests, 1)
                ?? Check_NeedsLock(_tokens, LimitDimension.Tokens, charge.Tokens)
                ?? Check_NeedsLock(_input, LimitDimension.InputTokens, charge.InputTokens)
                ?? Check_NeedsLock(_output, LimitDimension.OutputTokens, charge.OutputTokens);
            if (refusal is null)
            {
                _inWork++;
                _requests?.Take(1);
                _tokens?.Take(charge.Tokens);
                _input?.Take(charge.InputTokens);
                _output?.Take(charge.OutputTokens);
            }

            return refusal;
        }
    }

    /// <summary>Charges what turned out beyond the admission's charge (or gives back, if negative).</summary>
    public void Settle(in Charge correction)
    {
        lock (_lock)
        {
            _tokens?.Take(correction.Tokens);
            _input?.Take(correction.InputTokens);
            _output?.Take(correction.OutputTokens);
        }
    }

    public void Finish()
    {
        lock (_lock)
        {
            _inWork--;
        }
    }

    public LimitLevels Levels()
    {
        lock (_lock)
        {
            return new LimitLevels(
                _requests?.Level() ?? default, _tokens?.Level() ?? default, _input?.Level() ?? default, _output?.Level() ?? default);
        }
    }

    private LimitRefusal? Concurrency_NeedsLock() => _options.Concurrency > 0 && _inWork >= _options.Concurrency
        ? new LimitRefusal(LimitDimension.Concurrency, _options.Concurrency, _inWork, 1, TimeSpan.FromSeconds(1))
        : null;

    private static LimitRefusal? Check_NeedsLock(TokenBucket? bucket, LimitDimension dimension, int amount)
    {
        if (bucket is null)
        {
            return null;
        }

        if (bucket.NeverFits(amount))
        {
            return new LimitRefusal(dimension, bucket.Limit, bucket.Used(), amount, null);
        }

        TimeSpan wait = bucket.WaitFor(amount);
        return wait == TimeSpan.Zero ? null : new LimitRefusal(dimension, bucket.Limit, bucket.Used(), amount, wait);
    }
}
