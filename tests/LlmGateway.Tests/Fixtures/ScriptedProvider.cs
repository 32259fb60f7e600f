using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Pipeline.LlmGateway.Tests.Fixtures;

/// <summary>A provider on a port of its own that answers what the test says and remembers what it was asked.</summary>
internal sealed class ScriptedProvider : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Channel<ProviderCall> _calls = Channel.CreateUnbounded<ProviderCall>();
    private readonly Func<ProviderCall, Task<ProviderReply>> _answer;
    private int _count;

    private ScriptedProvider(Func<ProviderCall, Task<ProviderReply>> answer)
    {
        _answer = answer;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    /// <summary>Without a path: each vendor's client adds its own.</summary>
    public string Url => _app.Urls.Single();

    public int Calls => Volatile.Read(ref _count);

    public static Task<ScriptedProvider> StartAsync(params ProviderReply[] replies) =>
        StartAsync(call => Task.FromResult(replies[Math.Min(call.Number, replies.Length) - 1]));

    public static async Task<ScriptedProvider> StartAsync(Func<ProviderCall, Task<ProviderReply>> answer)
    {
        var provider = new ScriptedProvider(answer);
        await provider._app.StartAsync(TestContext.Current.CancellationToken);
        return provider;
    }

    public Task<ProviderCall> NextCallAsync() => _calls.Reader.ReadAsync(TestContext.Current.CancellationToken).Patiently();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync(context.RequestAborted);
        var headers = context.Request.Headers.ToDictionary(x => x.Key, x => x.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        var call = new ProviderCall(Interlocked.Increment(ref _count), context.Request.Path, headers, body);
        await _calls.Writer.WriteAsync(call);
        var reply = await _answer(call).WaitAsync(context.RequestAborted);
        context.Response.StatusCode = reply.Status;
        context.Response.ContentType = "application/json";
        foreach (var (name, value) in reply.Headers)
        {
            context.Response.Headers[name] = value;
        }

        await context.Response.WriteAsync(reply.Body, context.RequestAborted);
    }
}
