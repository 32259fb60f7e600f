namespace Pipeline.ToolWorkers.Tests.Fixtures;

internal sealed class ScriptedTool(ToolScript script) : ITool
{
    public const string ToolName = "scripted";

    public string Name => ToolName;

    public bool RecordsOutcome => script.RecordsOutcome;

    public Task<ToolOutput> ExecuteAsync(ToolCall call, CancellationToken cancellationToken) => script.CallAsync(call, cancellationToken);
}
