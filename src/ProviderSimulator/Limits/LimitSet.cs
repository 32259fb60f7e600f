namespace Pipeline.ProviderSimulator.Limits;

/// <summary>The meters of one organisation, project or key for one class of models. <see cref="OrganisationLimiter"/> holds the lock.</summary>
internal sealed class LimitSet
{
    /// <summary>What is counted by meters, in the order in which they refuse.</summary>
    public static readonly LimitDimension[] Metered = [LimitDimension.Requests, LimitDimension.Tokens, LimitDimension.InputTokens, LimitDimension.OutputTokens];

    private readonly Meter?[] _meters = new Meter?[Metered.Length];
    private readonly RampGuard _ramp = new();
    private int _inWork;

    public LimitSet(LimitScope scope, string name, string modelClass, LimitOptions options, SimulatorClock clock)
    {
        (Scope, Name, ModelClass, Options) = (scope, name, modelClass, options);
        for (int index = 0; index < Metered.Length; index++)
        {
            _meters[index] = Meter.Create(options, Metered[index], clock);
        }
    }

    public LimitScope Scope { get; }

    public string Name { get; }

    public string ModelClass { get; }

    public LimitOptions Options { get; private set; }

    public LimitRefusal? Check(in Charge charge, long now)
    {
        if (Options.Concurrency > 0 && _inWork >= Options.Concurrency)
        {
            return Refuse(LimitDimension.Concurrency, Options.Concurrency, _inWork, 1, TimeSpan.FromSeconds(1));
        }

        for (int index = 0; index < Metered.Length; index++)
        {
            if (_meters[index] is not { } meter)
            {
                continue;
            }

            int amount = charge.Of(Metered[index]);
            TimeSpan? wait = meter.NeverFits(amount) ? null : meter.WaitFor(amount, now);
            if (wait != TimeSpan.Zero)
            {
                return Refuse(Metered[index], meter.Limit, (int)Math.Ceiling(meter.Used(now)), amount, wait);
            }
        }

        return Options.RampAboveTokensPerMinute > 0 && _ramp.WaitFor(charge.Tokens, Options, now) is { } slow
            ? Refuse(LimitDimension.Ramp, Options.RampAboveTokensPerMinute, (int)_ramp.Now, charge.Tokens, slow)
            : null;
    }

    public void Admit(in Charge charge, long now)
    {
        _inWork++;
        _meters[0]?.Take(1, now);
        Take(charge, now);
        _ramp.Take(charge.Tokens, now);
    }

    /// <summary>A call that was refused still counts as a request at some providers, but never beyond a full meter: it would never recover.</summary>
    public bool CountRefused(long now)
    {
        if (!Options.RefusedRequestsCount || _meters[0] is not { } requests || requests.Used(now) + 1 > requests.Capacity)
        {
            return false;
        }

        requests.Take(1, now);
        return true;
    }

    /// <summary>Tokens beyond the admission's, or fewer.</summary>
    public void Take(in Charge charge, long now)
    {
        for (int index = 1; index < Metered.Length; index++)
        {
            int amount = charge.Of(Metered[index]);
            if (amount != 0)
            {
                _meters[index]?.Take(amount, now);
            }
        }
    }

    public void Finish() => _inWork--;

    public LimitLevels Levels(long now) => new(Level(0, now), Level(1, now), Level(2, now), Level(3, now));

    /// <summary>What stands against a limit goes on standing against the new one.</summary>
    public void Change(LimitOptions options, SimulatorClock clock)
    {
        long now = clock.Now;
        for (int index = 0; index < Metered.Length; index++)
        {
            double used = _meters[index]?.Used(now) ?? 0;
            _meters[index] = Meter.Create(options, Metered[index], clock);
            if (used != 0)
            {
                _meters[index]?.Take(used, now);
            }
        }

        Options = options;
    }

    private BucketLevel Level(int index, long now) => _meters[index]?.Level(now) ?? default;

    private LimitRefusal Refuse(LimitDimension dimension, int limit, int used, int requested, TimeSpan? retryAfter) =>
        new($"{Scope}{(ModelClass.Length == 0 ? "" : " " + ModelClass)}", dimension, limit, used, requested, retryAfter);
}
