using Pipeline.Contracts.Completions;

namespace Pipeline.LlmGateway.RateLimits;

/// <summary>What a request will probably cost, before a provider has counted it.</summary>
internal sealed class TokenEstimate(double outputShare)
{
    private const int CharactersPerToken = 4;

    /// <summary>Roles, separators and names that a provider counts with every message and tool.</summary>
    private const int PerItem = 4;

    public long Of(RequestCompletion request)
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
        return (characters / CharactersPerToken) + items + (long)(request.MaxOutputTokens * outputShare);
    }
}
