namespace Pipeline.ToolWorkers.Calls;

/// <summary>
/// Lets one delivery of a call work at a time in this process; a second one waits and then finds the recorded answer.
/// Bounded by the deliveries that the endpoints take at once.
/// </summary>
internal sealed class CallsInFlight
{
    private readonly Dictionary<string, Turn> _turns = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    public async Task<IDisposable> EnterAsync(string callId, CancellationToken cancellationToken)
    {
        Turn? turn;
        lock (_lock)
        {
            if (!_turns.TryGetValue(callId, out turn))
            {
                turn = new Turn();
                _turns.Add(callId, turn);
            }

            turn.Users++;
        }

        try
        {
            await turn.Gate.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            Leave(callId, turn);
            throw;
        }

        return new Exit(this, callId, turn);
    }

    private void Leave(string callId, Turn turn)
    {
        lock (_lock)
        {
            if (--turn.Users == 0)
            {
                _turns.Remove(callId);
                turn.Gate.Dispose();
            }
        }
    }

    private sealed class Turn
    {
        public SemaphoreSlim Gate { get; } = new(1, 1);

        public int Users { get; set; }
    }

    private sealed class Exit(CallsInFlight calls, string callId, Turn turn) : IDisposable
    {
        public void Dispose()
        {
            turn.Gate.Release();
            calls.Leave(callId, turn);
        }
    }
}
