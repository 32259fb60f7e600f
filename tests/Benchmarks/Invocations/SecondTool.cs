using Pipeline.ToolWorkers;

namespace Pipeline.Benchmarks.Invocations;

internal sealed class SecondTool : ITool
{
    private static readonly ToolOutput Answer = new("""{"transactions":[]}""");

    public string Name => BenchmarkAgent.SecondTool;

    public Task<ToolOutput> ExecuteAsync(ToolCall call, CancellationToken cancellationToken) => Task.FromResult(Answer);
}
