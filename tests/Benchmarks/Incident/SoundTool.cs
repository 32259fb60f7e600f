using Pipeline.ToolWorkers;

namespace Pipeline.Benchmarks.Incident;

/// <summary>Every other tool of the incident: 50 ms, and one call in fifty fails.</summary>
internal sealed class SoundTool : ITool
{
    public const string ToolName = "sound";
    public const int FailsOneIn = 50;

    private static int _calls;

    public string Name => ToolName;

    public async Task<ToolOutput> ExecuteAsync(ToolCall call, CancellationToken cancellationToken)
    {
        await Task.Delay(IncidentTool.Takes, cancellationToken);
        return Interlocked.Increment(ref _calls) % FailsOneIn == 0 ? throw new InvalidOperationException("One call in fifty fails.") : new ToolOutput("""{"ok":true}""");
    }
}
