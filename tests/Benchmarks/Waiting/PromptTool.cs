using Pipeline.ToolWorkers;

namespace Pipeline.Benchmarks.Waiting;

/// <summary>The tool of the agents beside: it answers at once.</summary>
internal sealed class PromptTool : ITool
{
    private static readonly ToolOutput Answer = new("""{"ok":true}""");

    public string Name => WaitingAgents.PromptTool;

    public Task<ToolOutput> ExecuteAsync(ToolCall call, CancellationToken cancellationToken) => Task.FromResult(Answer);
}
