using Pipeline.ToolWorkers;

namespace Pipeline.Benchmarks.Waiting;

/// <summary>The tool that is waited for: it answers nothing until the file of the release is there.</summary>
internal sealed class HeldTool : ITool
{
    private static readonly ToolOutput Answer = new("""{"ok":true}""");

    public string Name => WaitingAgents.HeldTool;

    public async Task<ToolOutput> ExecuteAsync(ToolCall call, CancellationToken cancellationToken)
    {
        await Release.WaitAsync(cancellationToken);
        return Answer;
    }
}
