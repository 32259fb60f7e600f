using Pipeline.LlmGateway.Completions;

namespace Pipeline.LlmGateway.Writes;

/// <summary>Takes a request in, once.</summary>
/// <param name="row">The request.</param>
/// <param name="taken">Called in the order of the commits, for a request that is new.</param>
internal sealed class HoldWrite(CompletionRow row, Action<CompletionRow> taken) : StoreWrite
{
    private bool _isNew;

    public CompletionKey Key => new(row.InvocationId, row.Turn);

    /// <summary>The state of the one that was there before; null where there was none.</summary>
    public CompletionState? Before { get; private set; }

    public override void Apply(WriteBatch batch)
    {
        Before = batch.StateOf(Key);
        _isNew = Before is null;
        if (_isNew)
        {
            batch.Add(row);
        }
    }

    public override void Done(WriteBatch batch)
    {
        if (_isNew)
        {
            taken(row);
            row.Body = null;
        }

        base.Done(batch);
    }
}
