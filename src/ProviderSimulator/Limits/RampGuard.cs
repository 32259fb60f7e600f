namespace Pipeline.ProviderSimulator.Limits;

/// <summary>Refuses load that grows too fast: a minute may carry the largest of the 15 minutes before it, plus the permitted growth.</summary>
internal sealed class RampGuard
{
    private const int Minutes = 15;
    private readonly double[] _minutes = new double[Minutes + 1];
    private long _current;

    public TimeSpan? WaitFor(double tokens, LimitOptions options, long now)
    {
        Advance(now);
        double before = 0;
        for (int back = 1; back <= Minutes; back++)
        {
            before = Math.Max(before, _minutes[(int)((_current + Minutes + 1 - back) % (Minutes + 1))]);
        }

        double permitted = Math.Max(options.RampAboveTokensPerMinute, before * (1 + options.RampGrowth));
        return Now + tokens <= permitted ? null : new TimeSpan(TimeSpan.TicksPerMinute - (now % TimeSpan.TicksPerMinute));
    }

    public double Now => _minutes[(int)(_current % (Minutes + 1))];

    public void Take(double tokens, long now)
    {
        Advance(now);
        _minutes[(int)(_current % (Minutes + 1))] += tokens;
    }

    private void Advance(long now)
    {
        long minute = now / TimeSpan.TicksPerMinute;
        if (minute - _current > Minutes)
        {
            Array.Clear(_minutes);
            _current = minute;
        }

        while (_current < minute)
        {
            _minutes[(int)(++_current % (Minutes + 1))] = 0;
        }
    }
}
