using System.Net.Http.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pipeline.Fixtures;
using Pipeline.LlmGateway.Completions;
using Pipeline.LlmGateway.Keys;
using Pipeline.LlmGateway.Pools;
using Pipeline.LlmGateway.Providers;
using Pipeline.LlmGateway.Tests.Providers;
using Pipeline.ProviderSimulator;

namespace Pipeline.LlmGateway.Tests.Fixtures;

/// <summary>The provider simulator on a port of its own, and our endpoint that calls it over HTTP.</summary>
internal sealed class SimulatedEndpoint : IAsyncDisposable
{
    public const string KeyValue = "simulated-key-51c2";

    private readonly WebApplication _app;
    private readonly ServiceProvider _services;
    private readonly ModelEndpoint _endpoint;
    private readonly HttpClient _control;

    private SimulatedEndpoint(WebApplication app, string provider)
    {
        _app = app;
        _control = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
        _services = new ServiceCollection().AddMetrics().AddSingleton<IConfiguration>(new ConfigurationManager()).AddSingleton<CompletionMetrics>().BuildServiceProvider();
        var options = new PoolOptions { Provider = provider, Model = "some-model", BaseUrl = app.Urls.Single(), Timeout = TimeSpan.FromSeconds(30) };
        _endpoint = new ModelEndpoint("p", options, 1024 * 1024, Time, _services.GetRequiredService<CompletionMetrics>());
    }

    /// <summary>Ours; the simulator's own clock runs.</summary>
    public ManualTimeProvider Time { get; } = new();

    public string Url => _app.Urls.Single();

    public ApiKey Key { get; set; } = new("simulated", KeyValue);

    public static async Task<SimulatedEndpoint> StartAsync(string provider, params (string Key, string Value)[] settings)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection(settings.Select(x => new KeyValuePair<string, string?>($"ProviderSimulator:{x.Key}", x.Value)));
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.AddProviderSimulator();
        var app = builder.Build();
        app.MapProviderSimulator();
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new SimulatedEndpoint(app, provider);
    }

    public Task<ModelOutcome> CallAsync(int maxOutputTokens = 100, string prompt = "Hi") => _endpoint.CompleteAsync(
        ProtocolJson.Conversation with { SystemPrompt = prompt, MaxOutputTokens = maxOutputTokens }, Key, TestContext.Current.CancellationToken);

    public async Task<ModelFailure> FailAsync(int maxOutputTokens = 100, string prompt = "Hi") => Assert.IsType<ModelFailure>(await CallAsync(maxOutputTokens, prompt));

    /// <summary>Something goes wrong from now on.</summary>
    public async Task BreakAsync(object fault)
    {
        using var answer = await _control.PutAsJsonAsync("outage", fault, TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>All is well again.</summary>
    public async Task MendAsync() => (await _control.DeleteAsync("outage", TestContext.Current.CancellationToken)).Dispose();

    public async Task<int> LedgerEntriesAsync() =>
        (await _control.GetFromJsonAsync<System.Text.Json.JsonElement>("ledger", TestContext.Current.CancellationToken)).GetProperty("arrivals").GetInt32();

    public Task StopAsync() => _app.StopAsync(TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        _endpoint.Dispose();
        _control.Dispose();
        await _services.DisposeAsync();
        await _app.DisposeAsync();
    }
}
