using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Pipeline.Contracts.Invocations;
using Pipeline.Orchestrator.Access;
using Pipeline.Orchestrator.Http;
using Pipeline.Orchestrator.Status;

namespace Pipeline.Orchestrator.Streams;

/// <summary>
/// Writes one stream. The timeline table is all it writes from, in order of seq, so that a stream that was cut is resumed exactly; signals only say
/// when to look.
/// </summary>
internal sealed class TimelineStream(
    IServiceScopeFactory scopes, ApiKeyDirectory keys, IOptions<HttpOptions> options, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<TimelineStream> logger)
{
    private const int PageEntries = 50;
    private const int PageChars = 256 * 1024;

    private static readonly byte[] Heartbeat = ": \n\n"u8.ToArray();

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <returns>Why it ended: a word for the metric.</returns>
    public async Task<string> RunAsync(TimelineWatcher watcher, Caller caller, HttpContext http)
    {
        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-store";
        // nginx would collect what is meant to be read at once.
        http.Response.Headers["X-Accel-Buffering"] = "no";
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            await WriteAsync(http, watcher, Heartbeat);
            while (true)
            {
                if (await ReadAsync(watcher, caller, end.Token) is not { } entries)
                {
                    return "deleted";
                }

                foreach (var entry in entries)
                {
                    await WriteAsync(http, watcher, Event(entry));
                    watcher.Seen = entry.Seq;
                    if (InvocationEventName.IsTerminal(entry.Kind))
                    {
                        return "terminal";
                    }
                }

                if (entries.Count == 0 && !await WaitAsync(watcher, end.Token))
                {
                    if (!await MayGoOnAsync(http))
                    {
                        return HttpCode.KeyInvalid;
                    }

                    await WriteAsync(http, watcher, Heartbeat);
                }
            }
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested && !http.RequestAborted.IsCancellationRequested)
        {
            // A clean end: the reader connects again, to another replica, with the last id it has.
            return "stopping";
        }
        catch (OperationCanceledException)
        {
            http.Abort();
            return "reader_gone";
        }
    }

    private async Task<IReadOnlyList<TimelineEntryView>?> ReadAsync(TimelineWatcher watcher, Caller caller, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<InvocationQueries>().TimelineAsync(watcher.InvocationId, watcher.Seen, caller, cancellationToken, PageEntries, PageChars);
    }

    /// <returns>False where nothing happened until a heartbeat is due.</returns>
    private async Task<bool> WaitAsync(TimelineWatcher watcher, CancellationToken end)
    {
        using var beat = new CancellationTokenSource(options.Value.StreamHeartbeat, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(beat.Token, end);
        try
        {
            await watcher.WaitAsync(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!end.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>A key that was revoked while its stream was open ends the stream.</summary>
    private async Task<bool> MayGoOnAsync(HttpContext http) =>
        http.User.FindFirst(ApiKeyAuthentication.KeyHashClaim) is not { } hash || await keys.FindAsync(hash.Value, http.RequestAborted) is not null;

    private async Task WriteAsync(HttpContext http, TimelineWatcher watcher, byte[] bytes)
    {
        // Not the end of the process: what was begun is written to its end.
        using var limit = new CancellationTokenSource(options.Value.StreamWriteTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, http.RequestAborted);
        try
        {
            await http.Response.Body.WriteAsync(bytes, either.Token);
            await http.Response.Body.FlushAsync(either.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            logger.StreamReaderSlow(watcher.InvocationId, bytes.Length, options.Value.StreamWriteTimeout);
            http.Abort();
            throw;
        }
    }

    private static byte[] Event(TimelineEntryView entry) => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture, $"id: {entry.Seq}\nevent: {entry.Kind}\ndata: {JsonSerializer.Serialize(entry, Json)}\n\n"));
}
