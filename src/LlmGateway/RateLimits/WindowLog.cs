namespace Pipeline.LlmGateway.RateLimits;

/// <summary>
/// What was taken in the last window, in slots of a 1200th of it, so that its size does not depend on the traffic. Whatever is in doubt stands
/// against the limit for longer: a slot leaves when its youngest entry does, and only after the time by which a call may arrive late.
/// Times are seconds on the domain's clock. Not thread-safe.
/// </summary>
internal sealed class WindowLog
{
    private const int Slots = 1200;

    private readonly double[] _ring;
    private readonly double _width;
    private readonly double _stays;
    private long _oldest;
    private double _used;

    public WindowLog(TimeSpan window, TimeSpan arrivalJitter, double now)
    {
        Window = window;
        _width = window.TotalSeconds / Slots;
        _stays = window.TotalSeconds + arrivalJitter.TotalSeconds;
        _ring = new double[(int)Math.Ceiling(_stays / _width) + 3];
        _oldest = SlotOf(now) - _ring.Length + 2;
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

        for (var slot = _oldest; slot <= SlotOf(now); slot++)
        {
            missing -= _ring[Index(slot)];
            if (missing <= 1e-6)
            {
                return Math.Max(0, LeavesAt(slot) - now);
            }
        }

        return null;
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
            if (_used <= 1e-9 && now - LeavesAt(_oldest) > _stays)
            {
                // After a long rest: no walk through every slot of it.
                Clear();
                _oldest = SlotOf(now) - _ring.Length + 2;
            }
        }

        if (moved && _used < 1e-6)
        {
            _used = Math.Max(0, _ring.Sum());
        }
    }

    private double LeavesAt(long slot) => ((slot + 1) * _width) + _stays;

    private long SlotOf(double at) => (long)Math.Floor(at / _width);

    private int Index(long slot) => (int)(((slot % _ring.Length) + _ring.Length) % _ring.Length);
}
