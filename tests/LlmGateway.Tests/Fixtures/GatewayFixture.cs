using System.Threading.Channels;
using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pipeline.Contracts;
using Pipeline.Contracts.Completions;
using Pipeline.Fixtures;
using Pipeline.LlmGateway.Ownership;
using Pipeline.LlmGateway.Pools;
using Pipeline.ServiceDefaults;

namespace Pipeline.LlmGateway.Tests.Fixtures;

/// <summary>The gateway as it is composed in production, on the in-memory bus, with a clock that the test moves.</summary>
internal sealed class GatewayFixture : IAsyncDisposable
{
    public const string CanaryKey = "canary-key-7f3a91";

    private readonly WebApplication _app;
    private readonly string _folder;
    private readonly bool _ownsFolder;
    private readonly Channel<ConsumeContext> _answers = Channel.CreateUnbounded<ConsumeContext>();

    private GatewayFixture(IEnumerable<KeyValuePair<string, string?>> settings, GatewayFixture? sharing)
    {
        _ownsFolder = sharing is null;
        _folder = sharing?._folder ?? Directory.CreateTempSubdirectory("gateway-").FullName;
        Time = sharing?.Time ?? new ManualTimeProvider();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Bus:Transport"] = "InMemory",
            ["OPENAI_API_KEY"] = CanaryKey,
            ["ANTHROPIC_API_KEY"] = CanaryKey,
            ["Llm:Database:Provider"] = "Sqlite",
            ["Llm:Database:ConnectionString"] = $"Data Source={Path.Combine(_folder, "gateway.db")};Pooling=False",

            // What goes by its own rhythm would be in the way of a clock that the test moves from timer to timer.
            ["Llm:LeaseRenewal"] = "01:00:00",
            ["Llm:LeaseTimeout"] = "02:00:00",
            ["Llm:AnswerSweep"] = "1.00:00:00",
            ["Llm:PressureInterval"] = "1.00:00:00",
            ["Llm:CleanupInterval"] = "1.00:00:00",
        });
        builder.Configuration.AddInMemoryCollection(settings);
        builder.Logging.ClearProviders().AddProvider(Logs).SetMinimumLevel(LogLevel.Trace);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton<TimeProvider>(Time);
        builder.AddLlmGateway();
        builder.AddPipelineBus(bus =>
        {
            bus.AddLlmGatewayConsumers();
            bus.AddReceiveEndpoints(_ => [new PipelineEndpoint { QueueName = QueueName.InvocationEvents, Configure = (_, queue) => Collect(queue) }]);
        });
        _app = builder.Build();
        _app.MapLlmGateway();
    }

    public ManualTimeProvider Time { get; }

    public LogCapture Logs { get; } = new();

    public IServiceProvider Services => _app.Services;

    public Uri Url => new(_app.Urls.Single());

    public IBus Bus => _app.Services.GetRequiredService<IBus>();

    public static Task<GatewayFixture> StartAsync(params (string Key, string Value)[] settings) => StartAsync(null, settings);

    /// <summary>Another process on the first one's database and clock. A bus in memory is its own: it takes the domains at once.</summary>
    public static async Task<GatewayFixture> StartAsync(GatewayFixture? sharing, params (string Key, string Value)[] settings)
    {
        var fixture = new GatewayFixture(settings.Select(x => new KeyValuePair<string, string?>($"Llm:{x.Key}", x.Value)), sharing);
        await fixture._app.MigrateAsync();
        await fixture._app.StartAsync(TestContext.Current.CancellationToken);
        await fixture.Services.GetRequiredService<GatewayOwnership>().Settled.Patiently();
        return fixture;
    }

    public RequestCompletion Request(string pool = LlmOptions.DefaultPool, TimeSpan? within = null) => new()
    {
        InvocationId = NewId.NextGuid(),
        Turn = 1,
        Tenant = "acme",
        Agent = "greeter",
        Pool = pool,
        SystemPrompt = "Be brief.",
        Messages = [new ConversationMessage { Role = ConversationRole.User, Text = "Hi" }],
        Tools = [],
        MaxOutputTokens = 100,
        Deadline = Time.GetUtcNow() + (within ?? TimeSpan.FromMinutes(10)),
    };

    public async Task SendAsync(RequestCompletion request, string? queue = null)
    {
        var endpoint = await Bus.GetSendEndpoint(new Uri($"exchange:{QueueName.ModelPool(queue ?? request.Pool)}"));
        await endpoint.Send(request, TestContext.Current.CancellationToken);
    }

    public async Task<CompletionReceived> NextReceivedAsync() => (await NextAsync<CompletionReceived>()).Message;

    public async Task<CompletionFailed> NextFailedAsync() => (await NextAsync<CompletionFailed>()).Message;

    public async Task<ConsumeContext<T>> NextAsync<T>()
        where T : class
    {
        var answer = await _answers.Reader.ReadAsync(TestContext.Current.CancellationToken).Patiently();
        return answer as ConsumeContext<T> ?? throw new InvalidOperationException($"Expected '{typeof(T).Name}', received '{((dynamic)answer).Message}'.");
    }

    public Task StopAsync() => _app.StopAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _app.DisposeAsync();
        if (_ownsFolder)
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private void Collect(IReceiveEndpointConfigurator queue)
    {
        queue.Handler<CompletionReceived>(context => _answers.Writer.WriteAsync(context).AsTask());
        queue.Handler<CompletionFailed>(context => _answers.Writer.WriteAsync(context).AsTask());
    }
}
