using Pipeline.LlmGateway.Completions;

namespace Pipeline.LlmGateway.Writes;

/// <summary>A call did not bring the answer: the request waits again, for the same pool or another.</summary>
internal sealed class ReturnWrite(CompletionKey key, string pool, DateTimeOffset? notBefore, CallEnd? call) : StoreWrite
{
    public override void Apply(WriteBatch batch)
    {
        batch.Completion(key).Set(x => x.State, CompletionState.Held).Set(x => x.Pool, pool).Set(x => x.NotBefore, notBefore);
        call?.Apply(batch, key);
    }
}
