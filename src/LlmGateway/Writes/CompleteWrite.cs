using Pipeline.LlmGateway.Completions;

namespace Pipeline.LlmGateway.Writes;

/// <summary>Stores the answer, forgets the request's body and closes the call's account, all at once.</summary>
internal sealed class CompleteWrite(CompletionKey key, byte[] answer, bool isFailure, DateTimeOffset at, CallEnd? call) : StoreWrite
{
    public override void Apply(WriteBatch batch)
    {
        batch.Completion(key)
            .Set(x => x.State, CompletionState.Completed)
            .Set(x => x.Body, null)
            .Set(x => x.Answer, answer)
            .Set(x => x.IsFailure, isFailure)
            .Set(x => x.CompletedAt, at);
        call?.Apply(batch, key);
    }
}
