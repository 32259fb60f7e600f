using Pipeline.ProviderSimulator.Limits;

namespace Pipeline.ProviderSimulator;

/// <summary>Which limits held when: a changed limit is judged by what it was at the time.</summary>
internal sealed class LedgerLimits
{
    /// <summary>Changes beyond this are refused; a rehearsal has a handful.</summary>
    public const int MaxPeriods = 5000;

    private readonly Lock _lock = new();
    private readonly List<LimitPeriod> _periods = [];

    public bool HasRoom(int more)
    {
        lock (_lock)
        {
            return _periods.Count + more <= MaxPeriods;
        }
    }

    public void Set(string organisation, LimitSet set, long now)
    {
        lock (_lock)
        {
            foreach (LimitDimension dimension in LimitSet.Metered)
            {
                int index = _periods.FindIndex(x => x.ToTicks is null && x.Organisation == organisation && x.Scope == set.Scope && x.Name == set.Name
                    && x.ModelClass == set.ModelClass && x.Dimension == dimension);
                LimitPeriod? next = set.Options.LimitOf(dimension) == 0 ? null : new LimitPeriod
                {
                    Organisation = organisation,
                    Scope = set.Scope,
                    Name = set.Name,
                    ModelClass = set.ModelClass,
                    Dimension = dimension,
                    Shape = set.Options.ShapeOf(dimension),
                    PerMinute = set.Options.LimitOf(dimension),
                    PeriodSeconds = set.Options.PeriodOf(dimension).TotalSeconds,
                    Capacity = Meter.CapacityOf(set.Options, dimension),
                    FromTicks = now,
                };
                if (index >= 0)
                {
                    if (next is not null && _periods[index].IsSameLimit(next))
                    {
                        continue;
                    }

                    _periods[index] = _periods[index] with { ToTicks = now };
                }

                if (next is not null)
                {
                    _periods.Add(next);
                }
            }
        }
    }

    public IReadOnlyList<LimitPeriod> All()
    {
        lock (_lock)
        {
            return [.. _periods];
        }
    }
}
