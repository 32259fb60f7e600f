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
    private readonly TimeProvider _time;
    private readonly LedgerEntry[] _ring;
    private readonly Dictionary<string, (int Now, int Max)> _organisations = new(StringComparer.Ordinal);
    private readonly long[] _verdicts = new long[VerdictNames.Length];
    private DateTimeOffset _since;
    private long _sequence;
    private long _arrivals;
    private long _ended;
    private int _inFlight;
    private int _maxConcurrent;
    private long _inputTokens;
    private long _outputTokens;
    private long _chargedTokens;

    public Ledger(IOptions<ProviderSimulatorOptions> options, TimeProvider time)
    {
        _time = time;
        _ring = new LedgerEntry[options.Value.LedgerCapacity];
        _since = time.GetUtcNow();
    }

    /// <summary>Books an arrival; <see cref="End"/> must follow.</summary>
    public LedgerEntry Arrive(string protocol)
    {
        DateTimeOffset now = _time.GetUtcNow();
        lock (_lock)
        {
            _arrivals++;
            _inFlight++;
            _maxConcurrent = Math.Max(_maxConcurrent, _inFlight);
            return new LedgerEntry { Sequence = ++_sequence, At = now, Protocol = protocol };
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
            _chargedTokens += entry.ChargedTokens;
            if (_ring.Length > 0)
            {
                _ring[(int)(_ended % _ring.Length)] = entry;
            }

            _ended++;
        }
    }

    public LedgerSnapshot Snapshot(int recent)
    {
        lock (_lock)
        {
            int held = (int)Math.Min(_ended, _ring.Length);
            return new LedgerSnapshot
            {
                Since = _since,
                Arrivals = _arrivals,
                InFlight = _inFlight,
                MaxConcurrent = _maxConcurrent,
                MaxConcurrentByOrganisation = _organisations.ToDictionary(o => o.Key, o => o.Value.Max),
                InputTokens = _inputTokens,
                OutputTokens = _outputTokens,
                ChargedTokens = _chargedTokens,
                Verdicts = Enumerable.Range(1, VerdictNames.Length - 1).ToDictionary(v => VerdictNames[v], v => _verdicts[v]),
                Forgotten = _ended - held,
                Recent = [.. Enumerable.Range(1, Math.Min(recent, held)).Select(back => _ring[(int)((_ended - back) % _ring.Length)])],
            };
        }
    }

    /// <summary>Starts a new page. Calls in flight stay counted as in flight and end on the new page.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _since = _time.GetUtcNow();
            Array.Clear(_ring);
            Array.Clear(_verdicts);
            _arrivals = _ended = _inputTokens = _outputTokens = _chargedTokens = 0;
            _maxConcurrent = _inFlight;
            foreach (string organisation in _organisations.Keys.ToArray())
            {
                int now = _organisations[organisation].Now;
                _organisations[organisation] = (now, now);
            }
        }
    }
}
