using Pipeline.ToolWorkers;

namespace Pipeline.LedgerTools;

internal sealed class CodeReadTool(EffectLedger ledger) : ITool
{
    public string Name => "code_read";

    public Task<ToolOutput> ExecuteAsync(ToolCall call, CancellationToken cancellationToken) => ledger.WriteAsync(call, cancellationToken);
}
