using Pipeline.LlmGateway.Completions;

namespace Pipeline.LlmGateway.Writes;

/// <summary>The broker has the answer.</summary>
internal sealed class AnsweredWrite(CompletionKey key, DateTimeOffset at) : StoreWrite
{
    public override void Apply(WriteBatch batch) => batch.Completion(key).Set(x => x.State, CompletionState.Answered).Set(x => x.AnsweredAt, at);
}
