using Pipeline.Contracts.Completions;

namespace Pipeline.LlmGateway.Estimates;

/// <summary>
/// How large a prompt is, by its characters: four a token, as OpenAI documents its own count of the limit, and a few tokens for the frame of
/// each message and tool. Takes no tokenizer: see decision 0031.
/// </summary>
internal static class PromptSize
{
    private const int CharactersPerToken = 4;

    /// <summary>Roles, separators and names that a provider counts with every message and tool.</summary>
    private const int TokensPerItem = 4;

    /// <returns>Tokens, without what was learned of the pool.</returns>
    public static long TokensOf(RequestCompletion request)
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

        return (characters / CharactersPerToken) + (TokensPerItem * (1L + request.Messages.Count + request.Tools.Count));
    }
}
