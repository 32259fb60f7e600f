using Pipeline.ToolWorkers.Manifests;

namespace Pipeline.ToolWorkers.Circuits;

/// <summary>How a tool's calls went, and whether that is bad enough to open its circuit. Not thread-safe: the circuit's lock is around it.</summary>
internal sealed class CallTally(TimeProvider time)
{
    private readonly CallWindow _window = new(time);
    private int _badInARow;

    /// <summary>A call is slow and has not ended.</summary>
    public void BecameSlow(BreakerSettings settings)
    {
        _badInARow++;
        _window.AddCall(settings.Sampling, failed: false, slow: true);
    }

    /// <param name="settings">Of the tool.</param>
    /// <param name="failed">How it ended.</param>
    /// <param name="wasSlow">It was counted when it became so.</param>
    public void Ended(BreakerSettings settings, bool failed, bool wasSlow)
    {
        if (!wasSlow)
        {
            _badInARow = failed ? _badInARow + 1 : 0;
            _window.AddCall(settings.Sampling, failed, slow: false);
        }
        else if (failed)
        {
            _window.AddFailureOfSlowCall(settings.Sampling);
        }
    }

    public bool IsBad(BreakerSettings settings)
    {
        var (calls, failures, slow) = _window.Read(settings.Sampling);
        // A tool that is called seldom never has enough calls in the window: there, as many bad ones in a row do, however far apart.
        return calls >= settings.MinimumThroughput
            ? failures >= settings.FailureRatio || slow >= settings.SlowCallRatio
            : _badInARow >= settings.MinimumThroughput;
    }

    public void Clear()
    {
        _window.Clear();
        _badInARow = 0;
    }
}
