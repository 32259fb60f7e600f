using Pipeline.LlmGateway.Completions;

namespace Pipeline.LlmGateway.Writes;

/// <summary>Stores the answer, forgets the request's body and closes the call's account, all at once.</summary>
internal sealed class CompleteWrite(CompletionKey key, byte[] answer, bool isFailure, DateTimeOffset at, CallEnd? call, ReplyTo? replyTo) : StoreWrite
{
    public CompletionKey Key => key;

    /// <summary>True for a request that was never dispatched: where its answer goes is only in the store.</summary>
    public bool NeedsReplyTo { get; } = replyTo is null;

    /// <summary>Where the answer goes; known once it is committed.</summary>
    public ReplyTo? ReplyTo { get; private set; } = replyTo;

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

    public override void Done(WriteBatch batch)
    {
        ReplyTo ??= batch.Requests.GetValueOrDefault(key)?.ReplyTo;
        base.Done(batch);
    }
}
