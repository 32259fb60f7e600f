namespace Pipeline.ToolWorkers.Circuits;

/// <summary>The permission to run one call. Ends with the call; not told how, it says nothing of the tool.</summary>
internal sealed class CircuitPass(ToolCircuit circuit, bool isProbe, bool mayBeCutOff) : IDisposable
{
    private readonly CancellationTokenSource _cutOff = new();
    private ITimer? _slow;

    public bool IsProbe => isProbe;

    /// <summary>True where the fallback answers a failure of the call: then it need not be waited for once the circuit is open.</summary>
    public bool MayBeCutOff => mayBeCutOff;

    /// <summary>Cancelled when the circuit is open and the call has been slow: its fallback answers.</summary>
    public CancellationToken CutOff => _cutOff.Token;

    /// <summary>Of the circuit, under its lock.</summary>
    public bool IsSlow { get; set; }

    /// <summary>How the call ended; the last word before <see cref="Dispose"/>.</summary>
    public CallEnd End { get; set; }

    /// <summary>What failed, for people.</summary>
    public string? Reason { get; set; }

    public void Watch(TimeProvider time, TimeSpan slowAfter) => _slow = time.CreateTimer(_ => circuit.BecameSlow(this), null, slowAfter, Timeout.InfiniteTimeSpan);

    public void Cut()
    {
        try
        {
            _cutOff.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended by itself at this moment.
        }
    }

    public void Dispose()
    {
        _slow?.Dispose();
        circuit.Leave(this);
        _cutOff.Dispose();
    }
}
