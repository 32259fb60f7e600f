namespace Pipeline.ProviderSimulator.Limits;

/// <summary>
/// All limits of one organisation, by class of models, with those of its projects and keys below them; its keys share them, as
/// they do at the providers. A call is admitted by all limits or by none.
/// </summary>
internal sealed class OrganisationLimiter
{
    /// <summary>Answers between two looks at delayed levels; older ones are forgotten.</summary>
    private const int RememberedLevels = 8192;

    private readonly Lock _lock = new();
    private readonly SimulatorClock _clock;
    private readonly ModelClasses _classes;
    private readonly List<LimitSet> _sets;
    private readonly Queue<(long At, string Class, LimitLevels Levels)> _past = new();
    private readonly ForeignTraffic _foreign;
    private long _billed;

    public OrganisationLimiter(string organisation, List<LimitSet> sets, ModelClasses classes, ForeignTraffic foreign, SimulatorClock clock)
    {
        Organisation = organisation;
        _sets = sets;
        _classes = classes;
        _foreign = foreign;
        _clock = clock;
    }

    public string Organisation { get; }

    /// <summary>The code of the refusal if the money is gone, empty for the protocol's usual one; null if there is money.</summary>
    public string? BillingRefusal(CallScope scope)
    {
        lock (_lock)
        {
            foreach (LimitSet set in Of(scope))
            {
                if (set.Options.QuotaExhausted || (set.Options.SpendLimitTokens > 0 && Volatile.Read(ref _billed) >= set.Options.SpendLimitTokens))
                {
                    return set.Options.BillingCode ?? "";
                }
            }

            return null;
        }
    }

    /// <summary>The options that say how a call is charged: those of the organisation for this class of models.</summary>
    public LimitOptions OptionsFor(CallScope scope)
    {
        lock (_lock)
        {
            return Of(scope).First(x => x.Scope == LimitScope.Organisation).Options;
        }
    }

    /// <summary>Null if the call may go; then <see cref="Finish"/> must follow, whatever happens to the call.</summary>
    /// <param name="scope">Whom it counts for.</param>
    /// <param name="charge">What it takes at admission.</param>
    /// <param name="at">When it was decided: the order of the ledger is the order of the decisions.</param>
    public LimitRefusal? Admit(CallScope scope, in Charge charge, out long at)
    {
        lock (_lock)
        {
            CatchUp_NeedsLock();
            at = _clock.Now;
            LimitRefusal? refusal = null;
            foreach (LimitSet set in Of(scope))
            {
                refusal ??= set.Check(charge, at);
            }

            foreach (LimitSet set in Of(scope))
            {
                if (refusal is null)
                {
                    set.Admit(charge, at);
                }
                else if (set.CountRefused(at) && set.Scope == LimitScope.Organisation)
                {
                    refusal = refusal with { Counted = true };
                }
            }

            return refusal;
        }
    }

    /// <summary>Charges what turned out beyond the admission's charge (or gives back, if negative). Answers when.</summary>
    public long Settle(CallScope scope, in Charge correction)
    {
        lock (_lock)
        {
            CatchUp_NeedsLock();
            long at = _clock.Now;
            foreach (LimitSet set in Of(scope))
            {
                set.Take(correction, at);
            }

            return at;
        }
    }

    public void Finish(CallScope scope)
    {
        lock (_lock)
        {
            foreach (LimitSet set in Of(scope))
            {
                set.Finish();
            }
        }
    }

    public void Bill(int tokens) => Interlocked.Add(ref _billed, tokens);

    /// <summary>What the headers say: the levels of now, or those of a while ago.</summary>
    public LimitLevels Levels(CallScope scope, TimeSpan delay)
    {
        lock (_lock)
        {
            CatchUp_NeedsLock();
            long now = _clock.Now;
            LimitLevels levels = default;
            foreach (LimitSet set in Of(scope))
            {
                LimitLevels own = set.Levels(now);
                levels = set.Scope == LimitScope.Organisation ? own with { ProjectTokens = levels.ProjectTokens }
                    : set.Scope == LimitScope.Project ? levels with { ProjectTokens = own.Tokens } : levels;
            }

            if (delay <= TimeSpan.Zero)
            {
                return levels;
            }

            if (_past.Count == RememberedLevels)
            {
                _past.Dequeue();
            }

            _past.Enqueue((now, scope.ModelClass, levels));
            (long At, string Class, LimitLevels Levels) known = _past.FirstOrDefault(x => x.Class == scope.ModelClass);
            foreach ((long At, string Class, LimitLevels Levels) past in _past)
            {
                if (past.At > now - delay.Ticks)
                {
                    break;
                }

                known = past.Class == scope.ModelClass ? past : known;
            }

            return known.Levels;
        }
    }

    public CallScope ScopeOf(string? project, string keyAlias, string model) => new(Organisation, project, keyAlias, _classes.Of(model));

    /// <summary>Books the foreign calls that are due, for readers of the ledger.</summary>
    public void CatchUp()
    {
        lock (_lock)
        {
            CatchUp_NeedsLock();
        }
    }

    public void StartForeign(ForeignTrafficOptions options)
    {
        lock (_lock)
        {
            CatchUp_NeedsLock();
            _foreign.Start(options, _clock.Now);
        }
    }

    public IReadOnlyList<LimitSet> Sets => _sets;

    /// <param name="changes">Sets of this organisation and their new options.</param>
    /// <param name="note">Called for each before any call can be admitted by it.</param>
    public void Change(IEnumerable<(LimitSet Set, LimitOptions Options)> changes, Action<LimitSet> note)
    {
        lock (_lock)
        {
            CatchUp_NeedsLock();
            foreach ((LimitSet set, LimitOptions options) in changes)
            {
                set.Change(options, _clock);
                note(set);
            }
        }
    }

    private IEnumerable<LimitSet> Of(CallScope scope) => _sets.Where(x => x.ModelClass == scope.ModelClass && scope.Includes(x.Scope, x.Name));

    private void CatchUp_NeedsLock()
    {
        while (_foreign.Next(_clock.Now) is { } call)
        {
            CallScope scope = ScopeOf(null, ForeignTraffic.KeyAlias, call.Model);
            LimitRefusal? refusal = null;
            foreach (LimitSet set in Of(scope))
            {
                refusal ??= set.Check(call.Charge, call.At);
            }

            foreach (LimitSet set in refusal is null ? Of(scope) : [])
            {
                set.Admit(call.Charge, call.At);
                set.Finish();
            }

            _foreign.Book(scope, call, refusal);
        }
    }
}
