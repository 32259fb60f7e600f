using Pipeline.Contracts.Completions;

namespace Pipeline.LlmGateway.RateLimits;

/// <summary>What a request costs of a provider's token limit: estimated before it is sent, settled when the provider has counted.</summary>
/// <param name="charges">How the provider charges.</param>
/// <param name="outputShare">Where output is charged as it is produced: the part of the requested output that is reserved until the real one is known.</param>
internal sealed class TokenEstimate(ChargeModel charges, double outputShare)
{
    private const int CharactersPerToken = 4;

    /// <summary>Roles, separators and names that a provider counts with every message and tool.</summary>
    private const int PerItem = 4;

    public long Of(RequestCompletion request)
    {
        var prompt = PromptOf(request);
        return charges switch
        {
            ChargeModel.LargerOfPromptAndMaxTokens => Math.Max(prompt, request.MaxOutputTokens),
            ChargeModel.PromptPlusMaxTokens => prompt + request.MaxOutputTokens,
            _ => prompt + (long)(request.MaxOutputTokens * outputShare),
        };
    }

    /// <summary>What stays charged when <paramref name="reported"/> tokens were counted. What the provider keeps must not be spent again here.</summary>
    public long Settled(long estimated, long reported) =>
        charges is ChargeModel.LargerOfPromptAndMaxTokens or ChargeModel.PromptPlusMaxTokens ? Math.Max(estimated, reported) : reported;

    /// <summary>Tokens of the prompt.</summary>
    public static long PromptOf(RequestCompletion request)
    {
        long characters = request.SystemPrompt.Length;
        foreach (var message in request.Messages)
        {
            characters += message.Text?.Length ?? 0;
            foreach (var call in message.ToolCalls ?? [])
            {
                characters += call.Name.Length + call.Arguments.Length;
            }
        }

        foreach (var tool in request.Tools)
        {
            characters += tool.Name.Length + tool.Description.Length + tool.Parameters.GetRawText().Length;
        }

        var items = PerItem * (1L + request.Messages.Count + request.Tools.Count);
        return (characters / CharactersPerToken) + items;
    }
}
