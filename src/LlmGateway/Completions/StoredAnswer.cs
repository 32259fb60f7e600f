using Pipeline.Contracts.Completions;

namespace Pipeline.LlmGateway.Completions;

/// <summary>A turn's answer: one of the two.</summary>
internal sealed record StoredAnswer(CompletionReceived? Received, CompletionFailed? Failed)
{
    public bool IsFailure => Failed is not null;

    public string Kind => IsFailure ? nameof(CompletionFailed) : nameof(CompletionReceived);

    public byte[] ToJson() => Failed is not null ? CompletionJson.Write(Failed) : CompletionJson.Write(Received);

    public static StoredAnswer Read(byte[] json, bool isFailure) =>
        isFailure ? new(null, CompletionJson.Read<CompletionFailed>(json)) : new(CompletionJson.Read<CompletionReceived>(json), null);
}
