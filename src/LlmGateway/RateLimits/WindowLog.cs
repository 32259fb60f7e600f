namespace Pipeline.LlmGateway.RateLimits;

/// <summary>
/// What was taken in the last window, in slots of a 1200th of it, so that its size does not depend on the traffic. Whatever is in doubt stands
/// against the limit for longer: a slot leaves when its youngest entry does, and a call on its way is entered for the latest time at which it may arrive.
/// Times are seconds on the domain's clock. Not thread-safe.
/// </summary>
internal sealed class WindowLog
{
    private const int Slots = 1200;

    private readonly double[] _ring;
    private readonly double _width;
    private readonly double _late;
    private long _oldest;
    private double _used;

    public WindowLog(TimeSpan window, TimeSpan arrivalJitter, double now)
    {
        Window = window;
        _width = window.TotalSeconds / Slots;
        _late = arrivalJitter.TotalSeconds;
        _ring = new double[(int)Math.Ceiling((window.TotalSeconds + _late) / _width) + 4];
        _oldest = OldestAt(now);
    }

    public TimeSpan Window { get; }

    /// <summary>What stands against the limit now.</summary>
    public double Used(double now)
    {
        Leave(now);
        return _used;
    }

    /// <summary>Seconds until what stands against the limit has fallen by <paramref name="missing"/>; null where only what is still in work could make it fall.</summary>
    public double? WaitFor(double missing, double now)
    {
        Leave(now);
        if (missing <= 1e-6)
        {
            return 0;
        }

        for (var slot = _oldest; slot <= SlotOf(now + _late); slot++)
        {
            missing -= _ring[Index(slot)];
            if (missing <= 1e-6)
            {
                return Math.Max(0, LeavesAt(slot) - now);
            }
        }

        return null;
    }

    /// <summary>Enters what was sent now, for the latest time at which it may arrive.</summary>
    public void Send(double amount, double now) => Take(amount, now + _late, now);

    /// <summary>The provider has answered what was sent at <paramref name="sentAt"/>: it did not arrive later than now.</summary>
    public void Arrived(double sent, double arrived, double sentAt, double now)
    {
        Take(-sent, sentAt + _late, now);
        Take(arrived, Math.Min(now, sentAt + _late), now);
    }

    /// <summary>Enters what was taken at <paramref name="at"/>; a negative amount corrects it. What has left the window is not entered.</summary>
    public void Take(double amount, double at, double now)
    {
        Leave(now);
        var slot = SlotOf(at);
        if (slot < _oldest || slot >= _oldest + _ring.Length)
        {
            return;
        }

        var index = Index(slot);
        var after = Math.Max(0, _ring[index] + amount);
        _used += after - _ring[index];
        _ring[index] = after;
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        Array.Clear(_ring);
        _used = 0;
    }

    private void Leave(double now)
    {
        var moved = false;
        while (LeavesAt(_oldest) <= now)
        {
            var index = Index(_oldest);
            moved |= _ring[index] != 0;
            _used -= _ring[index];
            _ring[index] = 0;
            _oldest++;
            if (_used <= 1e-9 && now - LeavesAt(_oldest) > Window.TotalSeconds)
            {
                // After a long rest: no walk through every slot of it.
                Clear();
                _oldest = OldestAt(now);
            }
        }

        if (moved && _used < 1e-6)
        {
            _used = Math.Max(0, _ring.Sum());
        }
    }

    private double LeavesAt(long slot) => ((slot + 1) * _width) + Window.TotalSeconds;

    private long OldestAt(double now) => SlotOf(now + _late) - _ring.Length + 2;

    private long SlotOf(double at) => (long)Math.Floor(at / _width);

    private int Index(long slot) => (int)(((slot % _ring.Length) + _ring.Length) % _ring.Length);
}
