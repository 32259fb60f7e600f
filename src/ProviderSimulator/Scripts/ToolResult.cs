using System.Text.Json;

namespace Pipeline.ProviderSimulator.Scripts;

/// <summary>One tool result as the model sees it, joined to the call that caused it.</summary>
internal sealed class ToolResult(string tool, string arguments, string content) : IDisposable
{
    private JsonDocument? _argumentsJson;
    private JsonDocument? _contentJson;
    private bool _argumentsRead;
    private bool _contentRead;

    /// <summary>The name in the assistant's call; empty if no earlier message holds the call.</summary>
    public string Tool { get; } = tool;

    public string Content { get; } = content;

    /// <summary>Parsed on first use only: most rules are decided by the turn or the tool's name.</summary>
    public JsonElement? ContentJson => Parse(Content, ref _contentRead, ref _contentJson);

    public JsonElement? ArgumentsJson => Parse(arguments, ref _argumentsRead, ref _argumentsJson);

    public void Dispose()
    {
        _argumentsJson?.Dispose();
        _contentJson?.Dispose();
    }

    private static JsonElement? Parse(string text, ref bool read, ref JsonDocument? document)
    {
        if (!read)
        {
            read = true;
            try
            {
                document = JsonDocument.Parse(text);
            }
            catch (JsonException)
            {
                // Tools may answer plain text, and models send broken arguments; then only regex conditions can match.
            }
        }

        return document?.RootElement;
    }
}
