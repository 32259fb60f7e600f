namespace Pipeline.ToolWorkers.Tests.Fixtures;

/// <summary>What the scripted tool does, decided by the test.</summary>
internal sealed class ToolScript
{
    private int _calls;

    public int Calls => Volatile.Read(ref _calls);

    public bool RecordsOutcome { get; set; }

    public Func<ToolCall, CancellationToken, Task<ToolOutput>> Run { get; set; } = (_, _) => Task.FromResult(new ToolOutput("""{"ok":true}"""));

    public Task<ToolOutput> CallAsync(ToolCall call, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _calls);
        return Run(call, cancellationToken);
    }
}
