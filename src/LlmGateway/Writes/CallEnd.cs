using Pipeline.Contracts.Completions;

namespace Pipeline.LlmGateway.Writes;

/// <summary>How a call ended, for the accounts.</summary>
/// <param name="Attempt">Which call of the request.</param>
/// <param name="At">When.</param>
/// <param name="Outcome">One of the names of <see cref="Accounting.ModelCall.Outcome"/>.</param>
/// <param name="Usage">What was billed; null for nothing.</param>
/// <param name="Settled">What it took of the limits in the end; null where what was reserved stays taken.</param>
internal sealed record CallEnd(int Attempt, DateTimeOffset At, string Outcome, TokenUsage? Usage, CallCharge? Settled)
{
    public void Apply(WriteBatch batch, Completions.CompletionKey key)
    {
        var call = batch.Call(key, Attempt)
            .Set(x => x.EndedAt, At)
            .Set(x => x.Outcome, Outcome);
        if (Usage is not null)
        {
            call.Set(x => x.InputTokens, Usage.InputTokens).Set(x => x.OutputTokens, Usage.OutputTokens).Set(x => x.CachedTokens, Usage.CachedInputTokens);
        }

        if (Settled is { } settled)
        {
            call.Set(x => x.ArrivalTokens, settled.ArrivalTokens).Set(x => x.ArrivalInput, settled.ArrivalInput).Set(x => x.ArrivalOutput, settled.ArrivalOutput)
                .Set(x => x.ProducedTokens, settled.ProducedTokens).Set(x => x.ProducedInput, settled.ProducedInput).Set(x => x.ProducedOutput, settled.ProducedOutput);
        }
    }
}

/// <summary>A charge in whole tokens, as it is stored.</summary>
internal readonly record struct CallCharge(long ArrivalTokens, long ArrivalInput, long ArrivalOutput, long ProducedTokens, long ProducedInput, long ProducedOutput);
