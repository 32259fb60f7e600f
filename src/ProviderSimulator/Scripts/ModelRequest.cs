namespace Pipeline.ProviderSimulator.Scripts;

/// <summary>What a model is asked, without the protocol it was asked in. The rules see nothing else.</summary>
internal sealed class ModelRequest : IDisposable
{
    public required string Model { get; init; }

    public string System { get; init; } = "";

    /// <summary>The text of the first user message that has text.</summary>
    public string FirstUser { get; init; } = "";

    /// <summary>The text of the last user message that has text.</summary>
    public string LastUser { get; init; } = "";

    /// <summary>How many assistant messages the conversation already holds; 0 = the first call.</summary>
    public int Turn { get; init; }

    /// <summary>Every tool result of the conversation, in order.</summary>
    public IReadOnlyList<ToolResult> Results { get; init; } = [];

    /// <summary>Index in <see cref="Results"/> of the first result after the last assistant message.</summary>
    public int LastResultsStart { get; init; }

    /// <summary>Characters the provider would have tokenised: prompts, messages, tool definitions.</summary>
    public int PromptCharacters { get; init; }

    public int? MaxTokens { get; init; }

    public bool Stream { get; init; }

    /// <summary>OpenAI only: the stream ends with a usage chunk.</summary>
    public bool StreamUsage { get; init; }

    /// <summary>The caller's own mark in the body (`user`, or `metadata.user_id`), for the ledger.</summary>
    public string? Caller { get; init; }

    /// <summary>Four characters a token: the estimate both providers document for English text.</summary>
    public int PromptTokens => Math.Max(1, (PromptCharacters + 3) / 4);

    public void Dispose()
    {
        foreach (ToolResult result in Results)
        {
            result.Dispose();
        }
    }
}
