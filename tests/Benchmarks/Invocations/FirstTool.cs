using Pipeline.ToolWorkers;

namespace Pipeline.Benchmarks.Invocations;

internal sealed class FirstTool : ITool
{
    private static readonly ToolOutput Answer = new("""{"balanceCents":1200}""");

    public string Name => BenchmarkAgent.FirstTool;

    public Task<ToolOutput> ExecuteAsync(ToolCall call, CancellationToken cancellationToken) => Task.FromResult(Answer);
}
