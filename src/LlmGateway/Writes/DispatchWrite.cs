using Pipeline.LlmGateway.Accounting;
using Pipeline.LlmGateway.Completions;

namespace Pipeline.LlmGateway.Writes;

/// <summary>Writes down that a call is about to be made, and brings the request back.</summary>
internal sealed class DispatchWrite(CompletionKey key, ModelCall call, long epoch) : StoreWrite
{
    public CompletionKey Key => key;

    /// <summary>The request as it was stored; null where it is no more.</summary>
    public StoredRequest? Request { get; private set; }

    /// <summary>When this process was certainly the owner, as a timestamp.</summary>
    public long At { get; private set; }

    public override void Apply(WriteBatch batch)
    {
        batch.Completion(key)
            .Set(x => x.State, CompletionState.Dispatched)
            .Set(x => x.Pool, call.Pool)
            .Set(x => x.Attempt, call.Attempt)
            .Set(x => x.Epoch, epoch);
        batch.Add(call);
    }

    public override void Done(WriteBatch batch)
    {
        Request = batch.Requests.GetValueOrDefault(key);
        At = batch.At;
        base.Done(batch);
    }
}
