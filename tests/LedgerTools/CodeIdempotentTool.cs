using Pipeline.ToolWorkers;

namespace Pipeline.LedgerTools;

internal sealed class CodeIdempotentTool(EffectLedger ledger) : ITool
{
    public string Name => "code_idempotent";

    public Task<ToolOutput> ExecuteAsync(ToolCall call, CancellationToken cancellationToken) => ledger.WriteAsync(call, cancellationToken);
}
