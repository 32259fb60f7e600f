using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text.Json;
using Anthropic;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using OpenAI;
using OpenAI.Chat;
using Pipeline.ProviderSimulator.Scripts;

namespace Pipeline.ProviderSimulator.Tests;

/// <summary>The simulator on a real Kestrel and a free port, with the clients people use. One per test.</summary>
internal sealed class SimulatorServer : IAsyncDisposable
{
    public const string Key = "test-key-1";
    public const string Model = "gpt-4.1-mini";

    private readonly WebApplication _app;

    private SimulatorServer(WebApplication app, ManualTime time, string prefix)
    {
        _app = app;
        Time = time;
        Root = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single() + prefix + "/");
        Http = new HttpClient { BaseAddress = Root };
    }

    public ManualTime Time { get; }

    public Uri Root { get; }

    public HttpClient Http { get; }

    public HeaderRecorder AnthropicHeaders { get; } = new();

    public static async Task<SimulatorServer> StartAsync(string? rules = null, Dictionary<string, string?>? settings = null, string prefix = "")
    {
        var time = new ManualTime();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection(settings?.ToDictionary(s => $"{ProviderSimulatorOptions.Section}:{s.Key}", s => s.Value) ?? []);
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton<TimeProvider>(time);
        builder.AddProviderSimulator();
        if (rules is not null)
        {
            builder.Services.AddSingleton(new ScriptedModel(RuleFile.Parse(rules, "test.json")));
        }

        WebApplication app = builder.Build();
        app.MapProviderSimulator(prefix);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new SimulatorServer(app, time, prefix);
    }

    public ChatClient Chat(string key = Key, string model = Model) => new(
        model, new ApiKeyCredential(key), new OpenAIClientOptions { Endpoint = new Uri(Root, "v1"), RetryPolicy = new ClientRetryPolicy(0) });

    public AnthropicClient Anthropic(string key = Key) => new()
    {
        ApiKey = key,
        BaseUrl = Root.ToString().TrimEnd('/'),
        MaxRetries = 0,
        Handlers = [AnthropicHeaders.NewHandler()],
    };

    public async Task<JsonElement> LedgerAsync()
    {
        using JsonDocument document = JsonDocument.Parse(await Http.GetStringAsync("ledger", TestContext.Current.CancellationToken));
        return document.RootElement.Clone();
    }

    /// <summary>A call is booked after its answer is sent; wait for the book, not for time.</summary>
    public async Task<JsonElement> SettledLedgerAsync()
    {
        while (true)
        {
            JsonElement ledger = await LedgerAsync();
            if (ledger.GetProperty("inFlight").GetInt32() == 0)
            {
                return ledger;
            }

            await Task.Yield();
        }
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
    }
}
