using ModelContextProtocol.Client;

namespace Pipeline.ToolWorkers.Mcp;

/// <summary>One connection to a server, and what the server says of its tools in it.</summary>
internal sealed class McpSession(McpClient client, IReadOnlyDictionary<string, McpRemoteTool> tools, long connectedAt)
{
    private int _stale;

    public McpClient Client => client;

    public IReadOnlyDictionary<string, McpRemoteTool> Tools { get; private set; } = tools;

    public long ConnectedAt { get; private set; } = connectedAt;

    /// <summary>False once the server has closed the connection or its process has ended.</summary>
    public bool IsAlive => !client.Completion.IsCompleted;

    /// <summary>The server said that its tools have changed.</summary>
    public void MarkStale() => Interlocked.Exchange(ref _stale, 1);

    public bool TakeStale() => Interlocked.Exchange(ref _stale, 0) == 1;

    public void Renew(IReadOnlyDictionary<string, McpRemoteTool> current, long at) => (Tools, ConnectedAt) = (current, at);
}
