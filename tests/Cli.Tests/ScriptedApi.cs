using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Pipeline.Cli.Tests;

/// <summary>The HTTP API over a real socket, with the answers that a test gives it.</summary>
internal sealed class ScriptedApi : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ScriptedApi(WebApplication app) => _app = app;

    public ConcurrentQueue<(string Path, string Body, IHeaderDictionary Headers)> Requests { get; } = new();

    public Uri Address => new(_app.Urls.First());

    public static async Task<ScriptedApi> StartAsync(Func<HttpContext, int, Task> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var api = new ScriptedApi(app);
        var number = 0;
        app.Run(async http =>
        {
            using var reader = new StreamReader(http.Request.Body);
            api.Requests.Enqueue(($"{http.Request.Method} {http.Request.Path}{http.Request.QueryString}", await reader.ReadToEndAsync(), new HeaderDictionary(http.Request.Headers.ToDictionary())));
            await answer(http, Interlocked.Increment(ref number));
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        return api;
    }

    public static Task JsonAsync(HttpContext http, string body, int status = 200)
    {
        (http.Response.StatusCode, http.Response.ContentType) = (status, status < 400 ? "application/json" : "application/problem+json");
        return http.Response.WriteAsync(body);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
