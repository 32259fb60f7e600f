using Pipeline.LlmGateway.Providers;

namespace Pipeline.LlmGateway.Keys;

/// <summary>
/// The keys of one limit domain and whose turn it is: by weight, evenly spread (smooth weighted round robin). A key that the provider refuses,
/// or whose money is spent, is out of use until it is changed or <see cref="_recheck"/> has passed; then one call looks again.
/// A 429 takes no key out: the keys of a domain share its limits, another one would meet the same.
/// </summary>
internal sealed class KeyRing(string domain, TimeSpan recheck, TimeProvider time, ILogger logger)
{
    private readonly TimeSpan _recheck = recheck;
    private readonly Lock _lock = new();
    private List<Entry> _entries = [];

    public string Domain => domain;

    /// <summary>True where <see cref="Choose"/> would give a key.</summary>
    public bool HasUsable
    {
        get
        {
            lock (_lock)
            {
                var now = time.GetUtcNow();
                return _entries.Exists(x => IsUsable(x, now));
            }
        }
    }

    /// <summary>The next key; null where none may be used. What is chosen must be reported or given back.</summary>
    public ApiKey? Choose()
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            Entry? chosen = null;
            long total = 0;
            foreach (var entry in _entries)
            {
                if (IsUsable(entry, now))
                {
                    total += entry.Weight;
                    entry.Turn += entry.Weight;
                    chosen = chosen is null || entry.Turn > chosen.Turn ? entry : chosen;
                }
            }

            if (chosen is null)
            {
                return null;
            }

            chosen.Turn -= total;
            if (chosen.State != KeyState.Ready)
            {
                Enter(chosen, KeyState.Rechecking, chosen.Reason, now);
            }

            return chosen.Key;
        }
    }

    /// <summary>What became of a call with the key. Of a key that was changed or removed meanwhile nothing is learned.</summary>
    public void Report(ApiKey key, ModelOutcome outcome)
    {
        lock (_lock)
        {
            if (_entries.Find(x => ReferenceEquals(x.Key, key)) is not { } entry)
            {
                return;
            }

            var now = time.GetUtcNow();
            switch (FailureTable.KeyEffectOf(outcome))
            {
                case KeyEffect.Refused:
                    Quarantine(entry, KeyState.Refused, ((ModelFailure)outcome).Reason, now);
                    break;

                case KeyEffect.QuotaExhausted:
                    Quarantine(entry, KeyState.QuotaExhausted, ((ModelFailure)outcome).Reason, now);
                    break;

                case KeyEffect.Accepted when entry.State != KeyState.Ready:
                    Enter(entry, KeyState.Ready, null, now);
                    logger.KeyUsableAgain(domain, key.Alias);
                    break;

                case KeyEffect.Unknown when entry.State == KeyState.Rechecking:
                    GiveBack(entry, now);
                    break;

                default:
                    break;
            }
        }
    }

    /// <summary>The key was chosen and no call was made.</summary>
    public void GiveBack(ApiKey key)
    {
        lock (_lock)
        {
            if (_entries.Find(x => ReferenceEquals(x.Key, key)) is { State: KeyState.Rechecking } entry)
            {
                GiveBack(entry, time.GetUtcNow());
            }
        }
    }

    /// <summary>Takes over the keys as they are configured now. A key that did not change keeps its state and its turn; calls in work keep theirs.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="unreadable">Aliases whose value cannot be read at the moment: they stay as they are.</param>
    public void Apply(IReadOnlyCollection<(string Alias, string Value, int Weight)> keys, IReadOnlySet<string> unreadable)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            var entries = new List<Entry>(keys.Count);
            foreach (var (alias, value, weight) in keys)
            {
                var known = _entries.Find(x => x.Key.Alias == alias);
                if (known is not null && known.Key.Reveal() == value)
                {
                    if (known.Weight != weight)
                    {
                        known.Weight = weight;
                        logger.KeyWeightChanged(domain, alias, weight);
                    }

                    entries.Add(known);
                    continue;
                }

                entries.Add(new Entry(new ApiKey(alias, value)) { Weight = weight, Since = now });
                if (known is not null)
                {
                    logger.KeyChanged(domain, alias);
                }
                else
                {
                    logger.KeyAdded(domain, alias, weight);
                }
            }

            entries.AddRange(_entries.Where(x => unreadable.Contains(x.Key.Alias)));
            foreach (var removed in _entries.Where(x => !entries.Exists(y => y.Key.Alias == x.Key.Alias)))
            {
                logger.KeyRemoved(domain, removed.Key.Alias);
            }

            _entries = entries;
        }
    }

    public IReadOnlyList<KeySnapshot> Snapshot()
    {
        lock (_lock)
        {
            return [.. _entries.Select(x => new KeySnapshot(x.Key.Alias, x.Weight, x.State, x.Since, x.Reason))];
        }
    }

    private static bool IsUsable(Entry entry, DateTimeOffset now) => entry.Weight > 0 && entry.State switch
    {
        KeyState.Ready => true,
        KeyState.Rechecking => false,
        _ => now >= entry.RecheckAt,
    };

    private void Quarantine(Entry entry, KeyState state, string reason, DateTimeOffset now)
    {
        if (entry.State != state)
        {
            // Once for each time it is refused, not for each call that was under way.
            logger.KeyQuarantined(domain, entry.Key.Alias, state, _recheck.TotalSeconds, reason);
        }

        Enter(entry, state, reason, now);
        entry.RecheckAt = now + _recheck;
    }

    /// <summary>The look at a refused key told nothing: the next call looks.</summary>
    private static void GiveBack(Entry entry, DateTimeOffset now)
    {
        entry.State = entry.Before;
        entry.RecheckAt = now;
    }

    private static void Enter(Entry entry, KeyState state, string? reason, DateTimeOffset now)
    {
        entry.Before = entry.State;
        entry.State = state;
        entry.Since = now;
        entry.Reason = reason;
        entry.Turn = 0;
    }

    private sealed class Entry(ApiKey key)
    {
        public ApiKey Key => key;

        public int Weight { get; set; }

        public long Turn { get; set; }

        public KeyState State { get; set; }

        public KeyState Before { get; set; }

        public DateTimeOffset Since { get; set; }

        public DateTimeOffset RecheckAt { get; set; }

        public string? Reason { get; set; }
    }
}
