using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Pipeline.Integration.Tests.Effects;

/// <summary>The world outside of the HTTP tools: does what it is asked, every time, and keeps a ledger of it.</summary>
internal sealed class EffectServer : IAsyncDisposable
{
    private readonly ConcurrentQueue<Effect> _ledger = new();
    private readonly WebApplication _app;

    private EffectServer()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Map("/{tool}/{subject}", AnswerAsync);
    }

    /// <summary>Every request, in the order of arrival.</summary>
    public IReadOnlyCollection<Effect> Ledger => _ledger;

    public Uri Address => new(_app.Urls.First());

    /// <summary>Decides about an answer after the request was booked; a server that is slow or broken in a test.</summary>
    public Func<CancellationToken, Task<int>> Answer { get; set; } = _ => Task.FromResult(StatusCodes.Status200OK);

    /// <summary>Statuses of tools that are answered otherwise.</summary>
    public ConcurrentDictionary<string, int> AnswerOf { get; } = new();

    public static async Task<EffectServer> StartAsync()
    {
        var server = new EffectServer();
        await server._app.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task<IResult> AnswerAsync(string tool, string subject, HttpRequest request)
    {
        _ledger.Enqueue(new Effect(tool, subject, request.Headers["Idempotency-Key"] is { Count: > 0 } key ? key.ToString() : null));
        try
        {
            return Results.Json(new { status = "done" }, statusCode: AnswerOf.TryGetValue(tool, out var status) ? status : await Answer(request.HttpContext.RequestAborted));
        }
        catch (OperationCanceledException) when (request.HttpContext.RequestAborted.IsCancellationRequested)
        {
            // Whoever asked is dead.
            return Results.StatusCode(StatusCodes.Status499ClientClosedRequest);
        }
    }
}
