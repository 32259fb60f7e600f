using System.Diagnostics;
using System.Text.Json.Nodes;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using Pipeline.ToolWorkers.HttpTools;
using Pipeline.ToolWorkers.Secrets;

namespace Pipeline.ToolWorkers.Mcp;

/// <summary>
/// One session with one MCP server, shared by the calls of all its tools in this process. Made when it is first needed, made anew after it
/// broke, not more often than the backoff allows; calls in between fail at once, which opens the circuits, and the fallbacks answer.
/// </summary>
internal sealed class McpServerConnection(
    McpServerDeclaration server,
    string contentRoot,
    GuardedHttpClient http,
    ToolSecrets secrets,
    TimeProvider time,
    ILogger<McpServerConnection> logger) : IAsyncDisposable
{
    /// <summary>Time-outs in a row after which the server counts as hung and is started again.</summary>
    private const int TimeoutsBeforeRestart = 3;

    /// <summary>For telling the server that a call is cancelled. Real time: nothing waits for it but the abandoned call.</summary>
    private static readonly TimeSpan CancellationPatience = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan ShortestBackoff = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(30);

    private readonly McpTransports _transports = new(server, contentRoot, http, secrets, logger);
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stopping = new();
    private Task<McpSession>? _session;
    private Task _ending = Task.CompletedTask;
    private DateTimeOffset _notBefore;
    private int _failures;
    private int _timeouts;
    private long _calls;

    public string Name => server.Name;

    /// <summary>The server's tools, by its own names.</summary>
    /// <exception cref="McpServerFailedException">The server is not there.</exception>
    public async Task<IReadOnlyDictionary<string, McpRemoteTool>> ToolsAsync(CancellationToken cancellationToken)
    {
        var session = await Session().WaitAsync(cancellationToken);
        if (session.TakeStale())
        {
            try
            {
                session.Renew(await McpToolList.ReadAsync(server.Name, session.Client, cancellationToken), time.GetTimestamp());
            }
#pragma warning disable CA1031 // The boundary to a foreign server.
            catch (Exception e)
#pragma warning restore CA1031
            {
                // Not looked at yet: the next call has to.
                session.MarkStale();
                if (cancellationToken.IsCancellationRequested)
                {
                    throw;
                }

                throw new McpServerFailedException($"The MCP server '{server.Name}' did not list its tools again: {secrets.Redact(Innermost(e))}");
            }
        }

        return session.Tools;
    }

    /// <exception cref="McpServerFailedException">The server is not there, broke off, or failed inside.</exception>
    /// <exception cref="McpProtocolException">The server refused the call.</exception>
    public async Task<CallToolResult> CallAsync(string tool, ToolCall call, CancellationToken cancellationToken)
    {
        var session = await Session().WaitAsync(cancellationToken);
        // Ours, to cancel it by: the client's own call method does not tell the server of a cancellation.
        var request = new RequestId($"call-{Interlocked.Increment(ref _calls)}");
        try
        {
            var result = await session.Client.SendRequestAsync<CallToolRequestParams, CallToolResult>(
                RequestMethods.ToolsCall,
                new CallToolRequestParams
                {
                    Name = tool,
                    Arguments = call.Arguments.EnumerateObject().ToDictionary(x => x.Name, x => x.Value),
                    Meta = Meta(call),
                },
                requestId: request,
                cancellationToken: cancellationToken);
            lock (_lock)
            {
                (_failures, _timeouts) = (0, 0);
            }

            return result;
        }
        catch (McpProtocolException e) when (e.ErrorCode is not McpErrorCode.InternalError)
        {
            throw;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await TellCancelledAsync(session, request);
            // A server that answers to nothing any more is started again.
            if (Interlocked.Increment(ref _timeouts) >= TimeoutsBeforeRestart)
            {
                Drop(session, $"{TimeoutsBeforeRestart} calls in a row passed their time limit");
            }

            throw;
        }
#pragma warning disable CA1031 // The boundary to a foreign server: whatever the client throws means that it cannot be used as it is.
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (e is not McpProtocolException)
            {
                Drop(session, e.GetType().Name);
            }

            throw new McpServerFailedException($"The MCP server '{server.Name}' failed during the call: {secrets.Redact(e.Message)}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        Task ending;
        lock (_lock)
        {
            ending = _session is null ? _ending : Task.WhenAll(_ending, EndAsync(_session));
            _session = null;
        }

        await ending;
        _stopping.Dispose();
    }

    private Task<McpSession> Session()
    {
        lock (_lock)
        {
            if (_session is { IsCompletedSuccessfully: true } && !_session.GetAwaiter().GetResult().IsAlive)
            {
                logger.Disconnected(server.Name, "the server closed the connection");
                var closed = _session;
                _session = null;
                Failed();
                _ending = Task.WhenAll(_ending, Task.Run(() => EndAsync(closed)));
            }

            if (_session is { IsFaulted: true } or { IsCanceled: true })
            {
                _session = null;
            }

            if (_session is null)
            {
                var now = time.GetUtcNow();
                if (now < _notBefore)
                {
                    throw new McpServerFailedException($"The MCP server '{server.Name}' is not there; it is tried again in {Math.Ceiling((_notBefore - now).TotalSeconds)} s.");
                }

                // Not with a caller's token: a call that gives up must not end the start that others wait for.
                _session = Task.Run(ConnectAsync);
            }

            return _session;
        }
    }

    private async Task<McpSession> ConnectAsync()
    {
        using var limit = new CancellationTokenSource(server.StartTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stopping.Token);
        McpClient? client = null;
        try
        {
            client = await McpClient.CreateAsync(
                _transports.Create(),
                new McpClientOptions { ClientInfo = new Implementation { Name = "pipeline-tool-workers", Version = "1.0" }, InitializationTimeout = server.StartTimeout },
                cancellationToken: either.Token);
            var session = new McpSession(client, await McpToolList.ReadAsync(server.Name, client, either.Token), time.GetTimestamp());
            client.RegisterNotificationHandler(
                NotificationMethods.ToolListChangedNotification,
                (_, _) =>
                {
                    session.MarkStale();
                    return ValueTask.CompletedTask;
                });
            logger.Connected(server.Name, session.Tools.Count);
            return session;
        }
#pragma warning disable CA1031 // The boundary to a foreign server: whatever keeps it from starting is a failure of the server.
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (client is not null)
            {
                await client.DisposeAsync();
            }

            lock (_lock)
            {
                Failed();
            }

            var reason = limit.IsCancellationRequested ? $"it did not answer within {server.StartTimeout}" : secrets.Redact(Innermost(e));
            logger.ConnectFailed(server.Name, reason);
            throw new McpServerFailedException($"The MCP server '{server.Name}' could not be started: {reason}");
        }
    }

    private async Task TellCancelledAsync(McpSession session, RequestId request)
    {
        using var limit = new CancellationTokenSource(CancellationPatience);
#pragma warning disable CA1031 // The call is over for us; a server that cannot be told is found out by the next one.
        try
        {
            await session.Client.SendNotificationAsync(
                NotificationMethods.CancelledNotification,
                new CancelledNotificationParams { RequestId = request, Reason = "The call's time is over; its result is of no use." },
                cancellationToken: limit.Token);
        }
        catch (Exception e)
        {
            logger.CancellationNotSent(e, server.Name);
        }
#pragma warning restore CA1031
    }

    private void Drop(McpSession session, string reason)
    {
        lock (_lock)
        {
            if (_session is not { IsCompletedSuccessfully: true } || !ReferenceEquals(_session.GetAwaiter().GetResult(), session))
            {
                return;
            }

            var dropped = _session;
            (_session, _timeouts) = (null, 0);
            Failed();
            // Beside the call: to end a hung process takes seconds that its answer does not have.
            _ending = Task.WhenAll(_ending, Task.Run(() => EndAsync(dropped)));
        }

        logger.Disconnected(server.Name, reason);
    }

    private async Task EndAsync(Task<McpSession> session)
    {
#pragma warning disable CA1031 // It is over; how it ends no longer matters to anybody.
        try
        {
            await (await session).Client.DisposeAsync();
        }
        catch (Exception e)
        {
            logger.EndFailed(e, server.Name);
        }
#pragma warning restore CA1031
    }

    // Within the lock.
    private void Failed()
    {
        var wait = Math.Min(LongestBackoff.TotalSeconds, ShortestBackoff.TotalSeconds * Math.Pow(2, Math.Min(_failures++, 10)));
        _notBefore = time.GetUtcNow() + TimeSpan.FromSeconds(wait * (0.5 + (Random.Shared.NextDouble() / 2)));
    }

    private static JsonObject Meta(ToolCall call)
    {
        var meta = new JsonObject { ["pipeline/call-id"] = call.CallId, ["pipeline/invocation-id"] = call.InvocationId.ToString() };
        if (Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } traceparent })
        {
            meta["traceparent"] = traceparent;
        }

        return meta;
    }

    private static string Innermost(Exception exception) => $"{exception.GetBaseException().GetType().Name}: {exception.GetBaseException().Message}";
}
