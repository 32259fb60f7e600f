using System.Collections.Concurrent;
using Microsoft.Extensions.Options;

namespace Pipeline.Orchestrator.Admission;

/// <summary>Model turns answered in this process, by pool, over the last seconds.</summary>
internal sealed class TurnRate(IOptions<AdmissionOptions> options, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, Window> _pools = new(StringComparer.Ordinal);
    private readonly int _seconds = Math.Max(1, (int)options.Value.DrainWindow.TotalSeconds);

    public void Answered(string pool) => _pools.GetOrAdd(pool, _ => new Window(_seconds)).Add(Now());

    public double PerSecond(string pool) => _pools.TryGetValue(pool, out var window) ? window.Sum(Now()) / (double)_seconds : 0;

    private long Now() => time.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>A count for each of the last seconds.</summary>
    private sealed class Window(int seconds)
    {
        private readonly Lock _lock = new();
        private readonly (long Second, int Count)[] _counts = new (long, int)[seconds + 1];

        public void Add(long second)
        {
            lock (_lock)
            {
                ref var slot = ref _counts[second % _counts.Length];
                slot = slot.Second == second ? (second, slot.Count + 1) : (second, 1);
            }
        }

        public int Sum(long second)
        {
            lock (_lock)
            {
                return _counts.Where(x => x.Second > second - _counts.Length && x.Second < second).Sum(x => x.Count);
            }
        }
    }
}
