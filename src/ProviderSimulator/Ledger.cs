using Microsoft.Extensions.Options;

namespace Pipeline.ProviderSimulator;

/// <summary>
/// The provider's own book: exact totals since the start or the last <c>DELETE /ledger</c>, and the last calls one by one.
/// Scores are taken from here, because a caller's own counters cannot show what it does not know it sent.
/// </summary>
internal sealed class Ledger
{
    private static readonly string[] VerdictNames = Enum.GetNames<Verdict>();

    private readonly Lock _lock = new();
    private readonly SimulatorClock _clock;
    private readonly LedgerEntry[] _ring;
    private readonly Dictionary<string, (int Now, int Max)> _organisations = new(StringComparer.Ordinal);
    private readonly long[] _verdicts = new long[VerdictNames.Length];
    private DateTimeOffset _since;
    private long _sequence;
    private long _arrivals;
    private long _booked;
    private long _lastForgotten = long.MinValue;
    private int _inFlight;
    private int _maxConcurrent;
    private long _inputTokens;
    private long _outputTokens;
    private long _cachedTokens;
    private long _chargedTokens;

    public Ledger(IOptions<ProviderSimulatorOptions> options, SimulatorClock clock)
    {
        _clock = clock;
        _ring = new LedgerEntry[options.Value.LedgerCapacity];
        _since = clock.Time.GetUtcNow();
    }

    /// <summary>The limits that the entries are judged by.</summary>
    public LedgerLimits Limits { get; } = new();

    public DateTimeOffset WallClock(long ticks) => _clock.Start.AddTicks(ticks);

    /// <summary>Books an arrival; <see cref="End"/> must follow.</summary>
    public LedgerEntry Arrive(string protocol)
    {
        lock (_lock)
        {
            _arrivals++;
            _inFlight++;
            _maxConcurrent = Math.Max(_maxConcurrent, _inFlight);
            return new LedgerEntry { Sequence = ++_sequence, At = _clock.Time.GetUtcNow(), ArrivalTicks = _clock.Now, Protocol = protocol };
        }
    }

    /// <summary>The call is known to belong to an organisation; <see cref="End"/> with that organisation must follow.</summary>
    public void Enter(string organisation)
    {
        lock (_lock)
        {
            (int now, int max) = _organisations.GetValueOrDefault(organisation);
            _organisations[organisation] = (now + 1, Math.Max(max, now + 1));
        }
    }

    public void End(LedgerEntry entry)
    {
        lock (_lock)
        {
            _inFlight--;
            if (entry.Organisation is { } organisation)
            {
                (int now, int max) = _organisations[organisation];
                _organisations[organisation] = (now - 1, max);
            }

            _verdicts[(int)entry.Verdict]++;
            _inputTokens += entry.InputTokens;
            _outputTokens += entry.OutputTokens;
            _cachedTokens += entry.CachedTokens;
            _chargedTokens += entry.ChargedTokens;
            Book_NeedsLock(entry);
        }
    }

    /// <summary>Books a call that was never in flight here: it is in no total.</summary>
    public void Add(LedgerEntry entry)
    {
        lock (_lock)
        {
            Book_NeedsLock(entry);
        }
    }

    public LedgerSnapshot Snapshot(int recent)
    {
        lock (_lock)
        {
            int held = Held_NeedsLock();
            return new LedgerSnapshot
            {
                Since = _since,
                Now = _clock.Time.GetUtcNow(),
                Arrivals = _arrivals,
                InFlight = _inFlight,
                MaxConcurrent = _maxConcurrent,
                MaxConcurrentByOrganisation = _organisations.ToDictionary(o => o.Key, o => o.Value.Max),
                InputTokens = _inputTokens,
                OutputTokens = _outputTokens,
                CachedTokens = _cachedTokens,
                ChargedTokens = _chargedTokens,
                Verdicts = Enumerable.Range(1, VerdictNames.Length - 1).ToDictionary(v => VerdictNames[v], v => _verdicts[v]),
                Forgotten = _booked - held,
                Recent = [.. Newest_NeedsLock().Take(recent)],
            };
        }
    }

    /// <summary>The held calls that match, newest end first.</summary>
    public IReadOnlyList<LedgerEntry> Find(LedgerQuery query)
    {
        lock (_lock)
        {
            return [.. Newest_NeedsLock().Where(query.Matches).Take(query.Limit)];
        }
    }

    /// <summary>Counts a span of time.</summary>
    public LedgerReport Report(DateTimeOffset? from, DateTimeOffset? to)
    {
        LedgerEntry[] entries;
        bool complete;
        long start;
        lock (_lock)
        {
            start = from is { } begin ? (begin - _clock.Start).Ticks : (_since - _clock.Start).Ticks;
            entries = [.. Newest_NeedsLock()];
            complete = _inFlight == 0 && _lastForgotten < start;
        }

        long end = to is { } until ? Math.Min((until - _clock.Start).Ticks, _clock.Now) : _clock.Now;
        return LedgerAnalysis.Compute(entries, Limits.All(), _clock.Start, start, end) with { Complete = complete };
    }

    /// <summary>Starts a new page. Calls in flight stay counted as in flight and end on the new page.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _since = _clock.Time.GetUtcNow();
            Array.Clear(_ring);
            Array.Clear(_verdicts);
            _arrivals = _booked = _inputTokens = _outputTokens = _cachedTokens = _chargedTokens = 0;
            _lastForgotten = long.MinValue;
            _maxConcurrent = _inFlight;
            foreach (string organisation in _organisations.Keys.ToArray())
            {
                int now = _organisations[organisation].Now;
                _organisations[organisation] = (now, now);
            }
        }
    }

    private void Book_NeedsLock(LedgerEntry entry)
    {
        if (_ring.Length == 0)
        {
            _lastForgotten = Math.Max(_lastForgotten, entry.ArrivalTicks);
        }
        else
        {
            int place = (int)(_booked % _ring.Length);
            _lastForgotten = Math.Max(_lastForgotten, _ring[place] is { } forgotten ? forgotten.ArrivalTicks : long.MinValue);
            _ring[place] = entry;
        }

        _booked++;
    }

    private int Held_NeedsLock() => (int)Math.Min(_booked, _ring.Length);

    private IEnumerable<LedgerEntry> Newest_NeedsLock() => Enumerable.Range(1, Held_NeedsLock()).Select(back => _ring[(int)((_booked - back) % _ring.Length)]);
}
