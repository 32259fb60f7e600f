using Pipeline.ToolWorkers;

namespace Pipeline.LedgerTools;

internal sealed class CodeOnceTool(EffectLedger ledger) : ITool
{
    public string Name => "code_once";

    public Task<ToolOutput> ExecuteAsync(ToolCall call, CancellationToken cancellationToken) => ledger.WriteAsync(call, cancellationToken);
}
